"""Text of others cannot steer the terminal."""

import pytest

from python_scoring.cli import main
from python_scoring.cli.printing import printable
from python_scoring.errors import InputError


def test_control_characters_are_spelled_out() -> None:
    text = "C1\x1b[2J\x1b]0;owned\x07\x9b1m\r\u202eevil\x00"
    shown = "C1\\x1b[2J\\x1b]0;owned\\x07\\x9b1m\\r\\u202eevil\\x00"
    assert printable(text) == shown
    assert printable("ünïcode 客户 🙂\n\ttext") == "ünïcode 客户 🙂\n\ttext"


def test_errors_are_printed_without(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> None:
        raise InputError("the customer \x1b[31mC1")

    monkeypatch.setattr(main, "commands", fail)
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "Error: the customer \\x1b[31mC1\n"
