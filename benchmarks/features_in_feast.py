"""The features of a snapshot by Feast: `get_historical_features` on its DuckDB offline store.

    FEAST_ENVIRONMENT/bin/python benchmarks/features_in_feast.py SOURCE.parquet AS_OF OUT.parquet

Feast joins features that something else has computed: SOURCE has a row per customer and day, with
`event_timestamp` and `created`. It runs in an environment of its own, with `feast[duckdb]` alone.
"""

import sys
import tempfile
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from feast import (  # type: ignore[import-not-found]
    Entity,
    FeatureStore,
    FeatureView,
    Field,
    FileSource,
    RepoConfig,
    ValueType,
)
from feast.types import Float64, String  # type: ignore[import-not-found]

KEYS = ("customer_id", "event_timestamp", "created")


def main(source: Path, as_of: str, out: Path, folder: Path) -> None:
    """Write the newest features before the as-of of every customer in the source."""
    store = FeatureStore(
        config=RepoConfig(
            project="benchmark",
            provider="local",
            registry=str(folder / "registry.db"),
            offline_store={"type": "duckdb"},
            online_store={"type": "sqlite", "path": str(folder / "online.db")},
            entity_key_serialization_version=3,
        )
    )
    names = [name for name in pq.read_schema(source).names if name not in KEYS]
    customer = Entity(name="customer", join_keys=["customer_id"], value_type=ValueType.STRING)
    view = FeatureView(
        name="features",
        entities=[customer],
        ttl=pd.Timedelta(days=30).to_pytimedelta(),
        schema=[Field(name=name, dtype=String if name == "country" else Float64) for name in names],
        source=FileSource(
            path=str(source), timestamp_field="event_timestamp", created_timestamp_column="created"
        ),
    )
    store.apply([customer, view])
    entities = pq.read_table(source, columns=["customer_id"]).to_pandas().drop_duplicates()
    entities["event_timestamp"] = pd.Timestamp(as_of, tz="UTC")
    found = store.get_historical_features(entities, [f"features:{name}" for name in names])
    pq.write_table(found.to_arrow(), out)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Path(scratch))
