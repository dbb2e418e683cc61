"""Contracts of products and consumers: validated, published as files, and kept by each version."""
