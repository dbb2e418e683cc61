"""Contracts of what is served: complete, as files of a standard, kept by every version."""
