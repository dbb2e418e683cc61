"""Feature definitions and their versions."""
