"""What SQL cannot do for customer_predictions: artifacts, scoring, training, demo data."""
