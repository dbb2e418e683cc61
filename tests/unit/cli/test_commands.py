"""The command line: help with examples, exit codes, and what `--help` may load."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from python_scoring import __main__ as program
from python_scoring.cli.exit_codes import MEANINGS, ExitCode
from python_scoring.cli.main import PROGRAM, commands
from python_scoring.errors import (
    ArgumentError,
    ArtifactError,
    DeliveryError,
    InputError,
    PredictionError,
    ScoringError,
    ServingError,
    TrainingError,
)
from python_scoring.project import PROJECT

NAMES = sorted(commands.commands)
# Every command with its path: those of `raw` and `repair` too.
PATHS = [
    (*above, name)
    for above, group in [
        ((), commands),
        *(
            ((name,), command)
            for name, command in commands.commands.items()
            if isinstance(command, click.Group)
        ),
    ]
    for name in sorted(group.commands)
]
# Commands that print facts about the project, the warehouse or their result, for programs too.
WITH_JSON = {
    "backfill", "backtest", "check-data", "contracts", "demo-data", "doctor", "erase", "explain",
    "feature-version", "fit", "model-card", "notify", "register", "replay", "status", "trace",
    "train", "training-data",
}  # fmt: skip
HEAVY = ("dbt", "duckdb", "numpy", "pandas", "pyarrow", "shap", "sklearn", "mlflow")


def help_of(*arguments: str) -> str:
    result = CliRunner().invoke(commands, [*arguments, "--help"], prog_name=PROGRAM)
    assert result.exit_code == 0, result.output
    return result.output


def example(*path: str) -> list[str]:
    """The words of a command's example, as a shell splits them."""
    found = re.findall(r"\n\n  Example:\n    ([^\n]+)\n\n", help_of(*path))
    assert len(found) == 1, f"{path} --help: expected one block 'Example:' with one line"
    return shlex.split(found[0])


def command_of(path: tuple[str, ...]) -> click.Command:
    """The command of a path such as `("raw", "accept")`."""
    found: click.Command = commands
    for name in path:
        assert isinstance(found, click.Group)
        found = found.commands[name]
    return found


def run(
    *arguments: str, folder: Path = PROJECT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `python -m python_scoring` in a process of its own, with this checkout's code."""
    return subprocess.run(
        [sys.executable, "-m", "python_scoring", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def exit_code_of(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit code of `main` in this process."""
    monkeypatch.setattr(sys, "argv", [PROGRAM, *arguments])
    try:
        program.main()
    except SystemExit as ended:
        return int(str(ended.code))
    return 0


def end_with(monkeypatch: pytest.MonkeyPatch, error: BaseException | None) -> int:
    """The exit code of `main` where a command ends with an error, or without one."""

    @click.command("stand-in")
    def stand_in() -> None:
        if error:
            raise error

    monkeypatch.setitem(commands.commands, "stand-in", stand_in)
    return exit_code_of(monkeypatch, "stand-in")


def test_the_list_of_commands_is_complete() -> None:
    """Their names are a promise to schedulers and runbooks."""
    assert NAMES == [
        "backfill", "backtest", "check-data", "commission", "connect", "contracts", "demo-data",
        "docs", "doctor", "erase", "explain", "feature-version", "fit", "init", "model-card",
        "new-product", "notify", "raw", "register", "repair", "replay", "report", "serve", "status",
        "trace", "train", "training-data",
    ]  # fmt: skip


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_has_one_example_that_parses(path: tuple[str, ...]) -> None:
    """Click accepts the example; nothing is run. The example of a group is that of a command."""
    program, *words = example(*path)
    assert program == PROGRAM
    assert tuple(words[: len(path)]) == path
    command = command_of(path)
    if isinstance(command, click.Group):
        path = (*path, words[len(path)])
        command = command_of(path)
    with command.make_context(path[-1], words[len(path) :]) as context:
        assert context.params.keys() >= {p.name for p in context.command.params if p.name != "help"}


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_option_and_command_has_a_help(path: tuple[str, ...]) -> None:
    command = command_of(path)
    assert command.help
    assert command.help.partition("\n")[0].endswith("."), "the first line of a help is a sentence"
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.opts


def test_commands_that_print_facts_print_json() -> None:
    assert {
        name
        for name in NAMES
        if any("--json" in option.opts for option in commands.commands[name].params)
    } == WITH_JSON


def test_a_broken_example_would_be_found() -> None:
    """The check above is not empty: an option that does not exist is an error."""
    with pytest.raises(click.NoSuchOption):
        commands.commands["report"].make_context("report", ["--no-such-option"])


def test_help_says_what_exit_codes_mean() -> None:
    said = help_of()
    for code, meaning in MEANINGS.items():
        assert f"\n    {code.value}  {meaning}\n" in said
    assert {code.name: code.value for code in MEANINGS} == {
        "DONE": 0,
        "FAILED": 1,
        "WRONG_USAGE": 2,
    }


def test_help_loads_no_library() -> None:
    """`--help` answers at once because commands import what they need when they run."""
    code = (
        "import sys\n"
        "from python_scoring.cli.main import commands\n"
        "for arguments in ([], *([name] for name in commands.commands)):\n"
        "    commands([*arguments, '--help'], standalone_mode=False)\n"
        f"print('loaded:', *sorted(set(sys.modules) & set({HEAVY!r})))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert result.stdout.count("Usage: ") == 1 + len(NAMES)
    assert result.stdout.endswith("loaded:\n")


def test_both_entry_points_are_the_same_program() -> None:
    """The console script calls what `python -m python_scoring` calls, under one name."""
    script = re.search(
        r'(?m)^\[project\.scripts\]\n(\S+) = "([\w.]+):(\w+)"$',
        (PROJECT / "pyproject.toml").read_text(),
    )
    assert script
    name, module, function = script.groups()
    assert name == PROGRAM
    # What the console script of an installation holds.
    code = f"import sys; from {module} import {function}; sys.exit({function}())"
    for arguments in (("--help",), ("train", "--help"), ("trace",)):
        installed = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        module_run = run(*arguments)
        assert installed.returncode == module_run.returncode
        assert (installed.stdout, installed.stderr) == (module_run.stdout, module_run.stderr)
        assert f"Usage: {PROGRAM} " in installed.stdout + installed.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, ExitCode.DONE),
        (PredictionError("no"), ExitCode.FAILED),
        (InputError("no"), ExitCode.FAILED),
        (ArtifactError("no"), ExitCode.FAILED),
        (ScoringError("no"), ExitCode.FAILED),
        (TrainingError("no"), ExitCode.FAILED),
        (DeliveryError("no"), ExitCode.FAILED),
        (ServingError("no"), ExitCode.FAILED),
        (click.ClickException("no"), ExitCode.FAILED),
        (KeyboardInterrupt(), ExitCode.FAILED),
        (ArgumentError("no"), ExitCode.WRONG_USAGE),
        (click.UsageError("no"), ExitCode.WRONG_USAGE),
        (click.BadParameter("no"), ExitCode.WRONG_USAGE),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, BaseException) else str(each),
)
def test_exit_codes(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException | None,
    code: ExitCode,
) -> None:
    """Each known error has its exit code and one line on standard error."""
    assert end_with(monkeypatch, error) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = [line for line in printed.err.splitlines() if line.startswith(("Error", "Interrupted"))]
    assert len(lines) == (0 if error is None else 1)
    assert "Traceback" not in printed.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_that_a_library_turned_into_an_error_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    """Extensions in C raise their own error, or print the exception and go on."""

    class Ignoring:
        def __del__(self) -> None:
            raise KeyboardInterrupt

    @click.command("stand-in")
    def stand_in() -> None:
        Ignoring()
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), number)
            time.sleep(5)
        raise ImportError("initialization failed")

    monkeypatch.setitem(commands.commands, "stand-in", stand_in)
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        assert exit_code_of(monkeypatch, "stand-in") == ExitCode.FAILED
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert capsys.readouterr().err == "Interrupted before the command had finished.\n"


def test_an_interrupt_of_the_imports_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The modules of a command take half a second, in which people press Ctrl-C too."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "python_scoring.cli.main")
    monkeypatch.setattr(sys, "meta_path", [type("Finder", (), {"find_spec": interrupted})])
    assert exit_code_of(monkeypatch, "doctor") == ExitCode.FAILED
    assert capsys.readouterr().err == "Interrupted before the command had finished.\n"


def test_an_error_of_a_defect_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        end_with(monkeypatch, ZeroDivisionError())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no-such-command",), "No such command 'no-such-command'; expected one of backfill, "),
        (("trian", "churn"), "No such command 'trian'; did you mean train or trace?"),
        (("--project-dir", ".", "doctor"), "has no dbt_project.yml of its name"),
        (("training-data", "chrun"), "there is no product 'chrun' in "),
        (("backtest", "Churn"), "did you mean churn?"),
        (("fit", "churn", "clb"), "did you mean clv?"),
        (("register", "zzz", "model.skops"), "; expected one of churn, clv, segmentation."),
        (("new-product", "winback", "--from", "cvl"), "did you mean clv?"),
        (("model-card", "segmentaton", "1.0.0"), "did you mean segmentation?"),
        (("train", "churn", "--model-version", "9.0.0"), "Missing option '--as-of'"),
        (("trace",), "Missing argument 'PREDICTION_ID'"),
        (("report", "--days", "0"), "0 is not in the range 1<=x<=3660"),
        (("report", "--no-such-option"), "No such option"),
        (("backfill", "--from", "yesterday", "--to", "2026-11-20"), "'yesterday' does not match"),
        (("model-card",), "expected PRODUCT and MODEL_VERSION, or --check"),
        (("replay",), "replay takes either a RUN_ID or PREDICTION_ID, or --sample N"),
        (("replay", "1", "--sample", "3"), "replay takes either"),
        (("demo-data", "--customers", "0"), "customers is 0: expected at least 1"),
        (("demo-data", "--until", "2014-12-31"), "until is 2014-12-31: expected 2015-01-01"),
        (("erase", "C1", "--reason", "request 17"), "--by is blank"),
        (("erase", " ", "--dry-run"), "CUSTOMER_ID number 1 is blank"),
        (("erase", "C1", "--json"), "--json prints what would be erased: expected --dry-run"),
        (("fit", "--all", "--by", " ", "--reason", "x"), "--by is blank"),
        (
            (
                *("train", "churn", "--as-of", "2026-03-01", "--model-version", "9.0.0"),
                *("--reason", " "),
            ),
            "--reason is blank",
        ),
        (("register", "churn", "model.skops", "--pinned-by", ""), "--pinned-by or --by is blank"),
        (
            ("train", "churn", "--as-of", "2026-03-01", "--model-version", "two"),
            "--model-version two: expected MAJOR.MINOR.PATCH",
        ),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_wrong_usage_is_named_and_changes_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    """Exit code 2, before a warehouse is looked for or a file is written."""
    monkeypatch.setenv("RAW_DATA", str(tmp_path))
    monkeypatch.setenv("WAREHOUSE", str(tmp_path / "warehouse"))
    monkeypatch.chdir(tmp_path)
    assert exit_code_of(monkeypatch, *arguments) == ExitCode.WRONG_USAGE
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.out == ""
    assert "Traceback" not in printed.err
    assert list(tmp_path.iterdir()) == []


def test_a_failure_and_a_success_of_a_real_command(tmp_path: Path) -> None:
    """The shell gets the codes, and the message of a failure is on standard error."""
    out = tmp_path / "raw"
    done = run("demo-data", "--customers", "2", "--until", "2026-11-23", "--out", str(out))
    assert done.returncode == ExitCode.DONE
    assert done.stdout.count(" rows\n") == 3
    assert (out / "customers.parquet").is_file()
    (tmp_path / "a_file").touch()
    failed = run("demo-data", "--customers", "2", "--out", str(tmp_path / "a_file"))
    assert failed.returncode == ExitCode.FAILED
    assert failed.stderr.startswith(f"Error: out is {tmp_path / 'a_file'}, a file: ")


def test_version_names_release_and_commit() -> None:
    result = CliRunner().invoke(commands, ["--version"], prog_name=PROGRAM)
    assert result.exit_code == 0
    assert re.fullmatch(rf"{PROGRAM} \d+\.\d+\.\d+, commit \S+\n", result.output)


def test_json_of_demo_data_is_all_that_is_printed(tmp_path: Path) -> None:
    out = tmp_path / "raw"
    done = run(
        "demo-data", "--customers", "2", "--until", "2026-11-23", "--out", str(out), "--json"
    )
    printed = json.loads(done.stdout)
    assert printed["folder"] == str(out)
    assert printed["rows"].keys() == {"customers", "orders", "events"}
    assert printed["rows"]["customers"] == 2


def test_every_command_works_from_any_folder(tmp_path: Path) -> None:
    """The project is that of the code; its own data folders are meant where no variable is set."""
    unset = {"WAREHOUSE": "", "RAW_DATA": ""}
    result = run("connect", folder=tmp_path, **unset)
    assert str(PROJECT / "data" / "warehouse") in result.stdout
    relative = run("connect", folder=tmp_path, **{**unset, "WAREHOUSE": "mine"})
    assert str(tmp_path / "mine") in relative.stdout


def test_project_dir_names_another_clone(tmp_path: Path) -> None:
    """The command then knows the products and the data of that clone."""
    clone = tmp_path / "clone"
    product = clone / "models" / "products" / "winback"
    product.mkdir(parents=True)
    (product / "_winback__models.yml").touch()
    (clone / "dbt_project.yml").write_text("name: customer_predictions  # ours\n")
    result = run(
        *("--project-dir", str(clone), "train", "churn"),
        folder=tmp_path,
        WAREHOUSE="",
        DBT_PROJECT_DIR="",
    )
    assert result.returncode == ExitCode.WRONG_USAGE
    assert f"there is no product 'churn' in {clone}/models/products; expected one of winback." in (
        result.stderr
    )


def test_a_command_outside_of_every_clone_says_so(tmp_path: Path) -> None:
    named = {"DBT_PROJECT_DIR": str(tmp_path)}
    result = run("doctor", folder=tmp_path, **named)
    assert result.returncode == ExitCode.WRONG_USAGE
    assert "is no clone of this project" in result.stderr
    assert "--project-dir" in result.stderr
    assert run("doctor", "--help", folder=tmp_path, **named).returncode == ExitCode.DONE
