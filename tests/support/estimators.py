"""Estimators fitted outside the project."""

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier

FEATURES = ["recency_days", "order_day_count"]


def customers() -> pd.DataFrame:
    numbers = np.random.default_rng(1)
    return pd.DataFrame({name: numbers.lognormal(2, 1, 120) for name in FEATURES})


def outcome() -> "pd.Series[int]":
    return (customers()["recency_days"] > 8).astype(int)


def fitted() -> RandomForestClassifier:
    return RandomForestClassifier(4, random_state=0).fit(customers(), outcome())
