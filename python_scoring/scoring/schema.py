"""Columns of scored rows."""

import pyarrow as pa

SCORE_SCHEMA = pa.schema(
    [
        ("run_id", pa.string()),
        ("customer_id", pa.string()),
        ("score", pa.float64()),
        ("score_lower", pa.float64()),
        ("score_upper", pa.float64()),
        ("interval_level", pa.float64()),
        ("label", pa.string()),
        ("reason_codes", pa.string()),
        # What really scored: a check compares it with what is pinned and registered.
        ("model_version", pa.string()),
        ("feature_version", pa.string()),
        ("artifact_sha256", pa.string()),
    ]
)
