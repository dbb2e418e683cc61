"""The files of one warehouse."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class WarehousePaths:
    """Where the files of one warehouse are. Paths are absolute."""

    folder: Path

    @property
    def working_set(self) -> Path:
        """Staging, intermediate and Elementary's tables; locked by a running build."""
        return self.folder / "warehouse.duckdb"

    @property
    def catalog(self) -> Path:
        """DuckLake's SQLite catalogue: what readers attach."""
        return self.folder / "lake.sqlite"

    @property
    def data_folder(self) -> Path:
        """The folder of DuckLake's Parquet files."""
        return self.folder / "lake"

    @property
    def data(self) -> str:
        """The same folder, as DuckLake spells it."""
        return f"{self.data_folder}/"

    @property
    def record(self) -> Path:
        """What the data folder knows of its warehouse."""
        return self.data_folder / "warehouse.json"

    @property
    def catalog_copy(self) -> Path:
        """The catalogue as the last writer left it."""
        return self.data_folder / "lake.sqlite.copy"
