"""What SQL cannot do for customer_predictions: artifacts, scoring, training, demo data."""

import os

# Boosted trees start their threads anew for each tree. Threads that wait by spinning make scoring
# five times as slow as soon as anything else runs on the machine. Read when scikit-learn is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
