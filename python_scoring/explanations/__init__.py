"""Explanations of scores: one contribution per feature, which add up to the raw score."""
