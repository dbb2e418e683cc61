"""Permissions of the warehouse's folder."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from python_scoring.warehouse import keep_private


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """Everybody may read new files, but for what the library does."""
    former = os.umask(0)
    yield
    os.umask(former)


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_a_new_folder_is_its_owners_alone(tmp_path: Path) -> None:
    """So are the files and folders that this process makes in it."""
    folder = tmp_path / "data" / "warehouse"
    keep_private(folder)
    (folder / "lake").mkdir()
    (folder / "lake" / "file.parquet").touch()
    assert [mode(folder), mode(folder / "lake")] == [0o700, 0o700]
    assert mode(folder / "lake" / "file.parquet") == 0o600


def test_a_group_that_was_let_in_stays_in(tmp_path: Path) -> None:
    """It reads new files too; others are kept out, whatever the folder said."""
    tmp_path.chmod(0o2757)
    keep_private(tmp_path)
    (tmp_path / "file").touch()
    assert mode(tmp_path) == 0o2750
    assert mode(tmp_path / "file") == 0o640
