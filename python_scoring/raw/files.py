"""Where the raw tables are; builds find them in macros/raw_data/prepare_raw_sources.sql."""

import os
from pathlib import Path


def raw_data_folder() -> Path:
    """The folder named by `RAW_DATA`; by default `data/raw` below the current folder."""
    return Path(os.environ.get("RAW_DATA") or "data/raw").resolve()


def raw_files(folder: Path, table: str) -> list[Path]:
    """The files of a raw table: `<table>.parquet` and `<table>/*.parquet`, in order."""
    return [
        path
        for pattern in (f"{table}.parquet", f"{table}/*.parquet")
        for path in sorted(folder.glob(pattern))
    ]
