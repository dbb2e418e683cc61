"""Scoring of due runs in batches; entry points of the dbt Python models."""
