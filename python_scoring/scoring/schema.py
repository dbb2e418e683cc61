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
        # The model that really scored; a check compares it with the pinned and registered one.
        ("model_version", pa.string()),
        ("feature_version", pa.string()),
        ("artifact_sha256", pa.string()),
    ]
)

# One row per bin of a numeric score or feature, and per category of others. `upper_edge` is
# included in the bin and null for the last, open one. `tenth` groups the hundredths of a score; for
# a feature it is the bin itself. `customers` are those of the training, null if the card does not
# say how many.
REFERENCE_COLUMNS = {
    "kind": "varchar",
    "subject": "varchar",
    "bin": "integer",
    "tenth": "integer",
    "upper_edge": "double",
    "category": "varchar",
    "share": "double",
    "missing_share": "double",
    "mean": "double",
    "p10": "double",
    "p50": "double",
    "p90": "double",
    "customers": "bigint",
}
