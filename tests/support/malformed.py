"""Malformed values of every variable of the project: vars of dbt, and the environment."""

from typing import Any

MAINTENANCE = {"every_days": 7, "keep_days": 30, "seconds": 900}
RULE = {"applies": True, "reason": "half a rule"}
# Of each var, values that a build has to refuse, and what its message names beside the var.
VARS: dict[str, list[tuple[Any, str]]] = {
    "as_of": [("x", "as_of is x"), ("2026-02-30", "as_of is 2026-02-30"), ([1], "as_of is [1]")],
    "now": [("x", "now is x"), ("2026-01-05,2026-01-06", "now is 2026-01-05,2026-01-06")],
    "largest_credible_amount": [("x", "is x"), (0, "is 0"), (True, "is True")],
    "earliest_credible_instant": [
        ("x", "is x"), ("1990-02-30", "is 1990-02-30"), (1990, "is 1990"), (None, "is None"),
    ],
    "largest_rejected_share": [("x", "is x"), (1.5, "is 1.5"), (-0.1, "is -0.1")],
    "carried_forward_days": [("x", "is x"), (-1, "is -1"), (1.5, "is 1.5")],
    "maintain_lake": [
        ("x", "maintain_lake is x"),
        ({"every_days": 7}, "maintain_lake.keep_days is missing"),
        ({**MAINTENANCE, "every_days": 0}, "maintain_lake.every_days is 0"),
        ({**MAINTENANCE, "seconds": "x"}, "maintain_lake.seconds is x"),
        ({**MAINTENANCE, "day": 1}, "maintain_lake.day is unknown"),
    ],
    "customers_verified": [("x", "is x"), (-1, "is -1")],
    "check_families": [("x", "is x"), ({}, "is missing"), ({"values": {"a": RULE}}, "needs")],
    "default_checks": [
        (1, "is 1"), ({}, "is missing"), ({"score_psi": RULE}, "score_psi needs"),
        ({"score_psi": {"warn_above": float("nan"), "reason": "r"}}, "score_psi.warn_above is nan"),
    ],
    "drift_checks": [("x", "is x"), (["x"], "drift_checks names x")],
    "outcomes_per_build": [("x", "is x"), (0, "is 0")],
    "default_check_settings": [
        ("x", "is x"),
        ({"score_jump": {"value": "x", "reason": "r"}}, "score_jump.value is x"),
        ({"score_jump": {"value": 1}}, "score_jump.reason is missing"),
        ({"recent_activity": {"value": 1, "reason": "r"}}, "recent_activity.value is 1"),
    ],
    "default_sla": [("x", "is x"), ({"target": "x"}, "default_sla.target is x")],
    "reasons_in_report": [("x", "is x"), (0, "is 0")],
    "default_explanations": [("x", "is x"), ({"reasons": 0}, "default_explanations.reasons is 0")],
    "usage_contexts": [([1], "is [1]"), ({}, "is missing"), ({"a": 1}, "usage_contexts.a is 1")],
    "action_policies": [("x", "is x"), ({"skip": ""}, "action_policies.skip is missing")],
    "default_notice_days": [("x", "is x"), (0, "is 0")],
    "deprecation_notices": [("x", "is x"), ([], "is missing"), ([60, "x"], "notices.1 is x")],
    "early_signs": [("x", "is x"), (["x"], "early_signs names x")],
    "feed_activity": [("x", "is x"), ({}, "is missing"), ({"a": 1}, "feed_activity.a is 1")],
    "denied_access": [
        ("x", "is x"),
        ({"denials": 0, "within_hours": 24}, "denied_access.denials is 0"),
        ({"denials": 1, "within_hours": "x"}, "denied_access.within_hours is x"),
    ],
    "column_types": [("x", "is x"), ([], "is missing"), (["x"], "column_types.0 is x")],
    "columns": [("x", "is x"), ({"served": "x"}, "columns.served is x")],
}  # fmt: skip

# Values that are certainly mistakes; an empty one is unset.
ENVIRONMENT: dict[str, tuple[str, ...]] = {
    "PREDICTION_NOW": ("x", "2026-02-30", "2026-11-24T07:00:00+99:00", "12", "2026-W01-1"),
    "PREDICTION_AS_OF": (
        "x",
        "2026-02-30",
        "2026-11-24T07:00:00+99:00",
        "{{ 1 }}",
        "zzz/2026-11-24",
        "churn/",
    ),
    "SNAPSHOT_AS_OF": ("x", "2026-02-30", "2026-13-05"),
    "DUCKDB_THREADS": ("x", "-1", "0", "1.5", "'"),
    "DUCKDB_MEMORY_LIMIT": ("x", "4 apples"),
    "WAIT_FOR_BUILD": ("x", "-1", "nan", "inf"),
    "RAW_LOADED_AT": ("x", "yesterday"),
    "VERIFY_FILES": ("x",),
    "MAINTENANCE": ("x",),
    "RECOMPUTE_FEATURES": ("x",),
    "ELEMENTARY": ("x", "On"),
    "SERVING_DSN": ("secret", "host='secret", "postgresql://secret@[::1"),
}
