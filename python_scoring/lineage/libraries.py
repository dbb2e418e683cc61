"""Installed versions of the libraries that a score may depend on."""

import platform
from importlib.metadata import version

# Libraries between a raw row and a score.
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
    """Return the versions by name, Python first."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
