"""Models that were trained elsewhere: read without running their code, and turned into skops."""
