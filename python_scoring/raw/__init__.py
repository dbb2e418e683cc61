"""Raw tables: their files, landing, and demo data."""
