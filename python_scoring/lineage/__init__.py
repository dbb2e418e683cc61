"""Lineage of predictions: events of a build, digests of its inputs, trace of a prediction."""
