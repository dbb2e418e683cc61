"""Pinned models: artifacts, registry, cards, and predictions."""
