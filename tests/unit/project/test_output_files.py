"""Files that users name with --out."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from python_scoring.errors import InputError
from python_scoring.project.output_files import check_output, write_output


def half(file: Path) -> None:
    file.write_text("half")
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing/found.json", r"the folder \S+missing does not exist; create it first"),
        ("folder", "is a folder; expected the name of a file"),
        ("former/found.json", r"the folder \S+former does not exist"),
        ("x" * 300, "cannot be written: File name too long. Name a file in a folder"),
    ],
)
def test_a_place_where_nothing_can_be_written_is_named(
    tmp_path: Path, name: str, message: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "former").write_text("a file")
    with pytest.raises(InputError, match=message):
        check_output(tmp_path / name)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["folder", "former"]


def test_a_check_leaves_the_former_file(tmp_path: Path) -> None:
    former = tmp_path / "found.json"
    former.write_text("former")
    check_output(former)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["former"]


@pytest.mark.parametrize(
    ("write", "left"), [(half, "former"), (lambda file: file.write_text("whole"), "whole")]
)
def test_a_file_is_replaced_whole_or_not_at_all(
    tmp_path: Path, write: Callable[[Path], object], left: str
) -> None:
    out = tmp_path / "found.json"
    out.write_text("former")
    try:
        write_output(out, write)
    except InputError as error:
        assert "cannot be written: No space left on device" in str(error)  # noqa: PT017
    assert [file.read_text() for file in tmp_path.iterdir()] == [left]
