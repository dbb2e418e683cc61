"""The libraries that a score may depend on, in their present versions."""

import platform
from importlib.metadata import version

# All that stands between a raw row and a score.
LIBRARIES = (
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "duckdb-extension-ducklake",
    "numpy",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "skops",
)


def library_versions() -> dict[str, str]:
    """By name, Python first."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
