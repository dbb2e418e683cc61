"""Each command and each query of README and docs is executed, as the page has it.

The pages are read, not copied: a new command has no entry in `HOW`, and fails a test until it has
one. An entry says how a command runs here, or why it cannot.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
import yaml

from python_scoring.project import PROJECT
from python_scoring.serving.publishing import publish
from python_scoring.warehouse import Warehouse, connect_lake
from tests.support.docs_blocks import PAGES, Block, blocks, commands, split
from tests.support.fixtures import Fresh
from tests.support.processes import run
from tests.support.project import Project, copy_of_project
from tests.support.serving_database import Database

ALL = [block for page in PAGES for block in blocks(page)]
RUN, PREDICTION, CUSTOMER = "147fe5...", "00319d6506a750cac308d05d6f727256", "C00011901"


@dataclass(frozen=True)
class Runs:
    """A command that is executed.

    `instead` is a part of it, and what stands in for that part here: a folder of the test, or less
    work. `variables` are set in its environment, `{folder}` in them is the folder of the test.
    `code` is its exit code, and `prints` a text that it prints.
    """

    instead: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    code: int = 0
    prints: str = ""
    changes_project: bool = False


@dataclass(frozen=True)
class Left:
    """A command that is not executed, with the reason, and where it is looked at instead."""

    reason: str


ONLY_HERE = Left("concerns the shell of the reader alone")
REAL_DATA = Left("needs the data of Online Retail: tests/end_to_end/test_online_retail.py has them")
ELEMENTARY = Left("edr is Elementary's own command line, which the lock does not hold")
REBUILDS = Left("recomputes features for minutes: tests/end_to_end/replay/test_replay.py does")
TRAINS = Left("trains for minutes: tests/end_to_end/training/test_training.py does")
SERVES = Left("serves until Ctrl-C: tests/integration/serving/test_locally.py starts and ends it")
DOCKER = Left(
    "needs a container engine: tests/unit/project/test_repository_files.py reads the files"
)
BACKFILLS = Left("builds 20 slots: tests/end_to_end/schedule/test_backfill.py builds three")
INCIDENT = "the incident churn-run-failed-20261104"
NO_INCIDENT = Left(f"{INCIDENT} is an example: test_operations.py decides about real ones")
FIRST_QUERY = "python - <<'SQL'"

HOW: dict[str, Runs | Left] = {
    "make build": Left("sets up an environment; the fixture `built` is its last step"),
    "make test": Left("runs these tests"),
    "make docs": Left(
        "builds the site: tests/integration/project/test_docs_site.py reads its source"
    ),
    "source .venv/bin/activate": ONLY_HERE,
    "export ELEMENTARY=off": Runs(),
    "ELEMENTARY=off dbt build": Runs(prints="Nothing is due"),
    "dbt build": Runs(),
    "dbt build; outcome=$?; customer-predictions report --out report.html; exit $outcome": Runs(
        {"dbt build;": "dbt() { return 3; }; customer-predictions() { :; }; dbt build;"}, code=3
    ),
    FIRST_QUERY: Runs(prints="mean_score"),
    "export RAW_DATA=data/shop WAREHOUSE=data/shop_warehouse": ONLY_HERE,
    "export RAW_DATA=data/online_retail WAREHOUSE=data/online_retail_warehouse": ONLY_HERE,
    'export WAREHOUSE="$PWD/data/warehouse"': ONLY_HERE,
    "customer-predictions init sales.csv --currency GBP": Runs(
        {"sales.csv": "{folder}/sales.csv --out {folder}/raw"}, prints="next: customer-predictions"
    ),
    "customer-predictions init sales.csv --timezone Europe/London --currency GBP": Runs(
        {"sales.csv": "{folder}/sales.csv --out {folder}/raw"}, prints="mapping.yml: the mapping"
    ),
    "customer-predictions init --print-sql snowflake": Runs(prints="orders"),
    "customer-predictions init online_retail.csv --currency GBP": REAL_DATA,
    "customer-predictions check-data": Runs(prints="churn"),
    'customer-predictions fit --all --by ana --reason "first models of our shop"': TRAINS,
    "PREDICTION_AS_OF=2011-09-10 dbt build": REAL_DATA,
    "PREDICTION_AS_OF=2011-09-08 dbt build": REAL_DATA,
    'version="--model-version 0.1.0 --pin-from 2011-08-31"': REAL_DATA,
    'months="--as-of 2011-02-01 --as-of 2011-03-02 --as-of 2011-04-01 --as-of 2011-05-02'
    ' --as-of 2011-06-01"': REAL_DATA,
    "customer-predictions train churn $months $version": REAL_DATA,
    "customer-predictions train clv $months $version": REAL_DATA,
    "customer-predictions train segmentation --as-of 2011-04-01 --as-of 2011-05-01"
    " --as-of 2011-06-01 $version": REAL_DATA,
    "customer-predictions train churn --as-of 2025-09-01 --as-of 2025-12-01 --as-of 2026-03-01"
    " --as-of 2026-05-30 --model-version 2.0.0 --pin-from 2026-09-01": TRAINS,
    "customer-predictions backtest churn --model-version 1.0.1 --model-version 2.0.0"
    " --from 2026-03-01 --to 2026-08-01": Left("compares the model of the command before it"),
    "customer-predictions new-product winback --from clv": Left(
        "asks for each text: tests/end_to_end/test_new_product.py answers"
    ),
    "dbt run-operation release_run --args"
    f" '{{run_id: {RUN}, reason: the campaign explains it, by: ana}}'": Runs(
        prints="is served already: nothing to do."
    ),
    "dbt run-operation withdraw_run --args"
    f" '{{run_id: {RUN}, reason: wrong prices in the source, by: ana}}'": Runs(prints="withdrawn"),
    "dbt run-operation republish --args"
    f" '{{run_id: {RUN}, reason: the source was corrected, by: ana}}'": Runs(),
    "dbt run-operation acknowledge_incident --args"
    " '{incident_id: churn-run-failed-20261104, by: ana}'": NO_INCIDENT,
    "dbt run-operation resolve_incident --args"
    " '{incident_id: churn-run-failed-20261104, by: ana, note: the source is back}'": NO_INCIDENT,
    'eval "$(_CUSTOMER_PREDICTIONS_COMPLETE=bash_source customer-predictions)"': Runs(),
    'eval "$(_CUSTOMER_PREDICTIONS_COMPLETE=zsh_source customer-predictions)"': Runs(
        {"eval": "test -n"}
    ),
    "customer-predictions contracts": Runs(prints="what consumers were promised"),
    "customer-predictions contracts --accept": Runs(
        prints="nothing to record", changes_project=True
    ),
    "customer-predictions contracts --out contracts": Runs(
        {"--out contracts": "--out {folder}/contracts"}, prints="churn_predictions_v2.odcs.yaml"
    ),
    "python -m venv /tmp/datacontract && /tmp/datacontract/bin/pip install datacontract-cli": Left(
        "installs a package that the lock does not hold"
    ),
    'for file in contracts/*.odcs.yaml; do /tmp/datacontract/bin/datacontract lint "$file"; done': (
        Left("calls that package: tests/integration/contracts/test_files.py has the schema")
    ),
    "customer-predictions serve": SERVES,
    'export SERVING_DSN="host=db.example.com dbname=predictions user=publisher'
    ' sslmode=verify-full"': Left("names a server: tests/end_to_end/serving/test_build.py has one"),
    f"customer-predictions erase {CUSTOMER} --dry-run": Runs(prints="Nothing was erased"),
    f'customer-predictions erase {CUSTOMER} --by ana --reason "request 17"': Runs(
        prints="Erased; the tombstone"
    ),
    f"customer-predictions explain {PREDICTION}": Runs(prints="raw score"),
    f"customer-predictions trace {PREDICTION}": Runs(prints="model"),
    f"customer-predictions replay {RUN}": REBUILDS,
    f"customer-predictions replay {RUN} --from-snapshot": Runs(prints="are identical."),
    "customer-predictions replay --sample 200": REBUILDS,
    "customer-predictions replay --sample 200 --record": REBUILDS,
    "customer-predictions backfill --from 2026-11-01 --to 2026-11-20": BACKFILLS,
    "customer-predictions backfill --from 2026-11-01 --to 2026-11-20 --product churn": BACKFILLS,
    'customer-predictions commission churn --by ana --reason "campaigns start on Monday"': Runs(
        prints="churn is in service since"
    ),
    "customer-predictions status": Runs(prints="churn"),
    "customer-predictions report --out report.html": Runs(
        {"report.html": "{folder}/report.html"}, prints="bytes"
    ),
    "customer-predictions doctor": Runs(),
    "customer-predictions notify": Runs(
        variables={"NOTIFY_DEFAULT": "json://127.0.0.1:1"}, prints="Nothing is due"
    ),
    "customer-predictions notify --dry-run": Runs(
        variables={"NOTIFY_DEFAULT": "json://127.0.0.1:1"}, prints="Nothing is due"
    ),
    'export NOTIFY_CUSTOMER_ANALYTICS="slack://token_a/token_b/token_c/#alerts"': Runs(),
    'export NOTIFY_DEFAULT="jsons://alerts.example.com/predictions"': Runs(),
    "printf 'POSTGRES_PASSWORD=%s\\nPUBLISHER_PASSWORD=%s\\n' \"$(openssl rand -hex 16)\""
    ' "$(openssl rand -hex 16)" > .env': Runs(),
    "docker compose run --rm demo": DOCKER,
    "docker compose run --rm predictions": DOCKER,
    "python -m http.server --directory target --bind 127.0.0.1": Left("serves until Ctrl-C"),
    "edr report --profiles-dir . --file-path elementary_report.html --open-browser false": (
        ELEMENTARY
    ),
    "edr monitor --profiles-dir . --slack-webhook https://hooks.slack.com/...": ELEMENTARY,
    'rsync -a "$WAREHOUSE"/lake.sqlite "$WAREHOUSE"/lake /backup/warehouse/': Runs(
        {"rsync -a": "mkdir -p /backup/warehouse; cp -a", "/backup": "{folder}/backup"}
    ),
    'mkdir -p "$WAREHOUSE"': Runs({"mkdir": 'mv "$WAREHOUSE" {folder}/backup; mkdir'}),
    'cp -a /backup/warehouse/. "$WAREHOUSE"/': Runs({"/backup/warehouse": "{folder}/backup"}),
    "customer-predictions repair working-set --by NAME --reason TEXT": Runs(prints="anew"),
}


def first_line(command: str) -> str:
    """A heredoc's key in `HOW`; of any other command the command itself."""
    return command.partition("\n")[0]


def in_shells() -> Iterator[tuple[Block, list[str]]]:
    for block in ALL:
        if block.kind == "shell":
            yield block, list(commands(block))


SHELL = list(in_shells())


def test_every_command_has_an_entry_and_every_entry_a_command() -> None:
    """A new command of a page fails here, until it is executed or has a reason."""
    typed = {first_line(command) for _, found in SHELL for command in found}
    assert sorted(typed - HOW.keys()) == []
    assert sorted(HOW.keys() - typed) == []
    assert [each for each in HOW.values() if isinstance(each, Left) and len(each.reason) < 15] == []
    assert len(QUERIES) > 10
    executed = [command for command, how in HOW.items() if isinstance(how, Runs)]
    assert len(executed) > 25


def test_every_block_of_settings_is_valid() -> None:
    """YAML and Python parse; what they set is validated where it belongs."""
    seen = 0
    for block in ALL:
        if block.kind == "yaml":
            assert yaml.safe_load(block.text), block.place
            seen += 1
        if block.kind == "python":
            compile(block.text, block.place, "exec")
            seen += 1
    assert seen > 5


QUERIES = [block for block in ALL if block.kind == "sql"]


@pytest.mark.slow
@pytest.mark.parametrize("block", QUERIES, ids=lambda block: block.place)
def test_a_query_runs(built: Project, block: Block) -> None:
    """On a warehouse that a build has made, as a reader."""
    with connect_lake(Warehouse(built.warehouse)) as lake:
        lake.execute(block.text).fetchall()


@pytest.mark.slow
def test_every_statement_for_postgres_runs(built: Project, database: Database) -> None:
    """As a consumer that is entitled to it."""
    with connect_lake(Warehouse(built.warehouse)) as lake:
        assert [each.error for each in publish(lake, database.dsn) if each.error] == []
    blocks_of_statements = [block for block in ALL if block.kind == "postgres"]
    assert blocks_of_statements
    consumer = database.login("retention_workflow")
    for block in blocks_of_statements:
        for statement in block.text.split(";\n"):
            cursor = consumer.execute(statement.encode())
            assert cursor.description is None or cursor.fetchall(), statement


@dataclass(frozen=True)
class Desk:
    """Where the commands of one block are typed: a project, and a folder for their files."""

    project: Project
    folder: Path
    values: dict[str, str]  # what stands in for the folder and the ids of the pages

    def type(self, command: str, how: Runs) -> subprocess.CompletedProcess[str]:
        """Execute a command of a page."""
        for typed, here in how.instead.items():
            assert typed in command
            command = command.replace(typed, here)
        for name, value in self.values.items():
            command = command.replace(name, value)
        environment = {**self.project.environment(), **how.variables}
        if not re.search(r"[;|<>$]|^(mkdir|cp|export|printf|eval|test) ", command):
            variables, words = split(command)
            program = {"customer-predictions": "python_scoring"}.get(words[0], words[0])
            if program in ("dbt", "python_scoring"):
                return run([program, *words[1:]], self.project.folder, {**environment, **variables})
        programs = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
        return subprocess.run(
            ["/bin/bash", "-c", command],
            cwd=self.folder,
            env={**environment, "PATH": programs, "PYTHONPATH": str(self.project.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


@pytest.fixture
def desk(fresh: Fresh, demo_raw: Path, tmp_path: Path) -> Callable[[bool], Desk]:
    """A copy of the built warehouse and of its raw data, and a table of transactions."""

    def make(changes_project: bool) -> Desk:  # noqa: FBT001 - one argument
        raw = tmp_path / "raw_data"
        subprocess.run(["/bin/cp", "-a", str(demo_raw), str(raw)], check=True)
        folder = copy_of_project(tmp_path) if changes_project else PROJECT
        project = fresh(raw_data=raw, folder=folder)
        here = tmp_path / "here"
        (here / "data").mkdir(parents=True)
        (here / "data" / "warehouse").symlink_to(project.warehouse)
        duckdb.execute(
            f"copy (select order_id, customer_id, ordered_at, amount from '{raw}/orders.parquet'"
            f" where amount > 0 limit 500) to '{here}/sales.csv' (header)"
        )
        [(run_id, prediction_id, customer_id)] = project.query(
            "select run_id, prediction_id, customer_id from lake.marts.churn_predictions_v1 "
            "order by customer_id limit 1"
        )
        ids = {RUN: run_id, PREDICTION: prediction_id, CUSTOMER: customer_id}
        return Desk(project, here, {**ids, "{folder}": str(here)})

    return make


@pytest.mark.slow
@pytest.mark.parametrize(
    ("block", "typed"),
    [
        pytest.param(block, found, id=block.place)
        for block, found in SHELL
        if any(isinstance(HOW.get(first_line(command)), Runs) for command in found)
    ],
)
def test_commands_of_a_block_run_in_their_order(
    desk: Callable[[bool], Desk], block: Block, typed: list[str]
) -> None:
    """With the exit code that they should have; each block has a warehouse of its own."""
    chosen = [(command, HOW[first_line(command)]) for command in typed]
    runs = [(command, how) for command, how in chosen if isinstance(how, Runs)]
    at = desk(any(how.changes_project for _, how in runs))
    for command, how in runs:
        result = at.type(command, how)
        assert result.returncode == how.code, f"{block.place}: {command}\n{result.stdout[-2000:]}"
        assert how.prints in result.stdout, f"{block.place}: {command}\n{result.stdout[-2000:]}"
