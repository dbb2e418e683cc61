"""Slots: their calendar, and backfill of missed ones."""
