"""Command line: a module per group of commands; each command calls one function of the library.

A command imports that function when it runs, so that `--help` answers at once.
"""
