"""Library of customer_predictions: the parts that SQL cannot do, from raw files to reports."""

import os

# Boosted trees start new threads for each tree. Threads that wait by spinning make scoring five
# times as slow when anything else runs on the machine. OpenMP reads the setting when scikit-learn
# is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
