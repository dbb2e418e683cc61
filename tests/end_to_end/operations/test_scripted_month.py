"""A scripted month leaves the accepted tables, console lines and report texts."""

from pathlib import Path

import pytest

from tests.support import scripted_month


@pytest.mark.slow
def test_scripted_month_leaves_the_accepted_tables(tmp_path: Path) -> None:
    """Where a change is intended, compare both versions' dumps and accept the digests.

    `python -m tests.support.scripted_month --accept FOLDER` writes a file per table into FOLDER.
    """
    month = scripted_month.play(tmp_path)
    found, accepted = scripted_month.digests(month), scripted_month.accepted()
    assert [name for name, _, _ in found] == [name for name, _, _ in accepted]
    assert dict(row[:2] for row in found) == dict(row[:2] for row in accepted)
    assert found == accepted
