"""The command line: a module per group of commands, each command one function of the library.

A command imports that function when it runs, so that `--help` answers at once.
"""
