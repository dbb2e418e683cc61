"""Names of raw files that DuckDB would read as patterns."""

from pathlib import Path

import duckdb
import pytest

from python_scoring.erasure import raw_files, verification
from python_scoring.erasure.data_subjects import DataSubjects
from python_scoring.raw.columns import rows_of

NAMES = ["part[0]", "part0", "part*", "part?", "[p]art0", "o'clock {0}", "part[[]0]"]


@pytest.fixture(params=["parquet", "csv"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Path]:
    """A file of orders per name, in which one customer bears that name."""
    folder = tmp_path / "orders"
    folder.mkdir()
    found = {name: folder / f"{name}.{request.param}" for name in NAMES}
    for name, file in found.items():
        with duckdb.connect() as connection:
            connection.execute("create table orders (customer_id text, loaded_at timestamp)")
            connection.execute("insert into orders values (?, '2026-11-01')", [f"customer {name}"])
            path = str(file).replace("'", "''")
            connection.execute(f"copy orders to '{path}' (format {request.param})")
    return found


def test_each_file_is_read_alone(files: dict[str, Path]) -> None:
    with duckdb.connect() as connection:
        for name, file in files.items():
            found = connection.execute(f"select customer_id from {rows_of(file)}").fetchall()
            assert found == [(f"customer {name}",)]


def test_a_person_is_found_and_erased_in_their_own_file(
    files: dict[str, Path], tmp_path: Path
) -> None:
    for name, file in files.items():
        subjects = DataSubjects.of((f"customer {name}",))
        with duckdb.connect() as connection:
            found = raw_files.find(connection, tmp_path, ["orders"], subjects)
            assert [each.path for each in found] == [file]
            where = verification.search([tmp_path], subjects, ())
            assert [text.partition(" (")[0] for text in where] == [str(file)]
            raw_files.erase(found[0], subjects)
            assert raw_files.find(connection, tmp_path, ["orders"], subjects) == []
