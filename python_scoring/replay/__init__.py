"""Replay: recomputation of runs from their records, in a separate warehouse."""
