"""Fixtures for tests of whole builds. A build takes seconds, so tests share one where they can."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

import duckdb
import psycopg
import pytest
from filelock import FileLock
from psycopg import sql

from python_scoring.project import PROJECT
from python_scoring.raw.demo_data import generate
from python_scoring.serving.local import VERSIONS, LocalServer, local_server
from python_scoring.warehouse import Warehouse, prepare
from tests.support import processes
from tests.support.project import CHURN, Project
from tests.support.serving_database import Database

UNTIL = datetime(2026, 11, 23)
CUSTOMERS = 400
NEXT_DAY = "2026-11-24T07:00:00"


Once = Callable[[str, Callable[[Path], None]], Path]


class Fresh(Protocol):
    """Factory of projects that a test may change."""

    def __call__(
        self,
        *,
        empty: bool = False,
        folder: Path = PROJECT,
        raw_data: Path | None = None,
        after: Project | None = None,
    ) -> Project:
        """Make a project with a copy of the built warehouse, or an empty one.

        It uses demo data or other raw data. With `after`, it continues that project with a copy of
        its warehouse.
        """


def copy_warehouse(original: Path, copy: Path) -> None:
    """Copy a warehouse so that a test may change it."""
    shutil.copytree(original, copy)
    with duckdb.connect() as connection:
        prepare(Warehouse(copy), connection)


@pytest.fixture(scope="session", autouse=True)
def forks() -> Iterator[None]:
    """Start subprocesses of the library through the fork server."""
    with pytest.MonkeyPatch.context() as session:
        session.setattr("python_scoring.project.dbt_commands.dbt_process", processes.dbt_process)
        yield


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Folders that the workers of a session share; the first worker that needs one makes it."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent

    def made(name: str, make: Callable[[Path], None]) -> Path:
        folder, whole = root / name, root / f"{name}.made"
        with FileLock(root / f"{name}.lock"):
            if not whole.exists():
                folder.mkdir()
                make(folder)
                whole.touch()
        return folder

    return made


@pytest.fixture(scope="session")
def demo_raw(once: Once) -> Path:
    """Raw demo data. Tests must not change them."""

    def make(folder: Path) -> None:
        generate(CUSTOMERS, UNTIL, folder / "raw", progress=False)

    return once("demo", make) / "raw"


@pytest.fixture(scope="session")
def built(demo_raw: Path, once: Once) -> Project:
    """Project built once, on demo data, at project.NOW. Tests must not change it."""

    def build(folder: Path) -> None:
        result = project_in(folder).build(tests="all")
        (folder / "console.txt").write_text(result.stdout)

    def project_in(folder: Path) -> Project:
        return Project(PROJECT, demo_raw, folder / "warehouse", folder / "target")

    return project_in(once("built", build))


@pytest.fixture(scope="session")
def next_day(built: Project, once: Once) -> Project:
    """Built project a day later, with another run of churn. Tests must not change it."""

    def build(folder: Path) -> None:
        copy_warehouse(built.warehouse, folder / "warehouse")
        project_in(folder).build(*CHURN, env={"PREDICTION_NOW": NEXT_DAY})

    def project_in(folder: Path) -> Project:
        return replace(built, warehouse=folder / "warehouse", target=folder / "target")

    return project_in(once("next_day", build))


@pytest.fixture
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Fresh:
    """Factory of projects in the test's own folder."""
    made = 0

    def make(
        *,
        empty: bool = False,
        folder: Path = PROJECT,
        raw_data: Path | None = None,
        after: Project | None = None,
    ) -> Project:
        nonlocal made
        made += 1
        own = tmp_path / f"fresh_{made}"
        own.mkdir()
        if after:
            copy_warehouse(after.warehouse, own / "warehouse")
            return replace(after, warehouse=own / "warehouse", target=own / "target")
        raw = raw_data or request.getfixturevalue("demo_raw")
        if not empty:
            copy_warehouse(request.getfixturevalue("built").warehouse, own / "warehouse")
        return Project(folder, raw, own / "warehouse", own / "target")

    return make


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests marked `every_postgres` on each PostgreSQL of the wheel, others on its newest."""
    if metafunc.definition.get_closest_marker("every_postgres"):
        metafunc.parametrize("postgres", VERSIONS, indirect=True, scope="session")


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[LocalServer]:
    """PostgreSQL server without durability and vacuum.

    Its folder is not in pytest's: started by root, the server runs as another user, and the next
    pytest that starts closes that folder to others.
    """
    settings = {"fsync": "off", "autovacuum": "off"}
    with (
        tempfile.TemporaryDirectory(prefix="serving-", ignore_cleanup_errors=True) as folder,
        local_server(
            Path(folder) / "data",
            settings=settings,
            version=getattr(request, "param", VERSIONS[-1]),
        ) as server,
    ):
        yield server


@pytest.fixture
def database(request: pytest.FixtureRequest, postgres: LocalServer) -> Iterator[Database]:
    """Database of the test's own, with an empty lake; its roles are dropped at the end."""
    name = f"test_{abs(hash(request.node.nodeid))}"
    database = Database(postgres, name)
    with psycopg.connect(postgres.dsn, autocommit=True) as operator:
        operator.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        yield database
        database.close()
        operator.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
        roles = operator.execute(
            "select rolname from pg_roles where oid >= 16384 order by rolcanlogin desc"
        ).fetchall()
        for (role,) in roles:
            operator.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))
