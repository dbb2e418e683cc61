"""Uncertainty of scores: calibrated probabilities, bounds with a level, and their coverage."""
