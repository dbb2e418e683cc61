"""Everything of customer_predictions that SQL cannot do: artifacts, scoring, training, demo data."""
