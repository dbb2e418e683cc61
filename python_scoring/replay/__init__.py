"""Runs computed again from what was recorded of them, in a warehouse of their own."""
