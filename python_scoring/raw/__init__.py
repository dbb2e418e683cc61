"""Raw tables: where their files are, and demo data."""
