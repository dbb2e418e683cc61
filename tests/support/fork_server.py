"""Server that forks a process for each command of a test, with every import already done.

Started as `python -m tests.support.fork_server FOLDER`; `tests/support/processes.py` is its client.
It imports dbt, scikit-learn and the library, parses the project once, and forks a child for each
request. A child is a process like any other, with a folder, an environment, locks and connections
of its own, and it can be killed. It saves the seconds of imports and of parsing, and nothing else.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import shutil
import signal
import socketserver
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.cli.main import cli, dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_common.clients.jinja import template_cache

from python_scoring import project
from tests.support import costs, processes, savings
from tests.support.extensions import trust_installed_extensions

PRELOADED = (
    "dbt.task.build",
    "openlineage.client",
    "pyarrow.dataset",
    "python_scoring.dbt_plugin",
    "python_scoring.erasure.command",
    "python_scoring.lineage.events",
    "python_scoring.models.boosters",
    "python_scoring.replay.command",
    "python_scoring.scoring.candidates",
    "python_scoring.scoring.challengers",
    "python_scoring.serving.publishing",
    "python_scoring.training.train",
    "skops.io",
    "sklearn.ensemble",
)
GARBAGE = 50_000, 20, 20  # a child that ends within seconds leaves little
PARSE = "partial_parse.msgpack"
PARSING = {"docs", "ls", "parse", "--vars"}  # with one of these arguments dbt parses itself


class Server(socketserver.ForkingMixIn, socketserver.UnixStreamServer):
    """One handler process per request. It ends when the process that started it has ended."""

    manifest: Manifest
    target: Path  # where dbt wrote what it parsed
    parent = os.getppid()

    def service_actions(self) -> None:
        """Called between requests, at least twice a second."""
        super().service_actions()
        if os.getppid() != self.parent:
            sys.exit()

    def handle_error(self, *_: object) -> None:
        """Show what went wrong in a handler."""
        traceback.print_exc()


class Handler(socketserver.StreamRequestHandler):
    """Answers a request with the pid of the child, and, once it has ended, with its exit code."""

    server: Server

    def handle(self) -> None:
        """Fork, send the pid, wait, send the exit code (negative: the signal that ended it)."""
        request = json.loads(self.rfile.readline())
        pid = os.fork()
        if pid == 0:
            self.connection.close()
            self.server.socket.close()
            end_with(lambda: execute(request, self.server))
        self.wfile.write(f"{pid}\n".encode())
        _, status, used = os.wait4(pid, 0)
        if file := request["environment"].get(costs.FILE):
            test = request["environment"].get("PYTEST_CURRENT_TEST", "")
            command = " ".join(map(str, request["command"]))
            costs.record(file, test, used.ru_utime + used.ru_stime, command)
        self.wfile.write(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def execute(request: dict[str, Any], server: Server) -> None:
    """Run the command of a request in this process."""
    folder = Path(request["folder"])
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(request["environment"])
    program, *arguments = request["command"]
    os.environ["DBT_PARTIAL_PARSE_FILE_PATH"] = str(former_parse(arguments, server))
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    # As in a terminal: whoever started this server in the background has it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if folder != project.PROJECT:
        forget_library()
    sys.path[0] = str(folder)
    use_fork_server()
    if program == "dbt":
        run_dbt(arguments, folder, server)
    else:
        sys.argv = [program, *arguments]
        runpy.run_module(program, run_name="__main__", alter_sys=True)


def run_dbt(arguments: list[str], folder: Path, server: Server) -> None:
    """`dbt <arguments>`, on the parsed project where that is what dbt would parse now."""
    prepared = {}
    if (
        folder == project.PROJECT
        and os.environ["ELEMENTARY"] == "off"
        and not PARSING & set(arguments)
    ):
        target = target_of(arguments)
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(server.target / "manifest.json", target)
        os.environ["DBT_WRITE_JSON"] = "false"
        prepared = {"manifest": server.manifest}
    cli.main(arguments, "dbt", obj=prepared)


def former_parse(arguments: list[str], server: Server) -> Path:
    """Return the parse that dbt starts from: the server's, or that of another commit's project."""
    own = target_of(arguments) / PARSE
    return own if own.exists() else server.target / PARSE


def target_of(arguments: list[str]) -> Path:
    """The folder that dbt writes to."""
    if "--target-path" in arguments:
        return Path(arguments[arguments.index("--target-path") + 1])
    return Path(os.environ.get("DBT_TARGET_PATH", "target"))


def forget_library() -> None:
    """Import the library again, from the copy of the project that the command runs in."""
    for name in [*sys.modules]:
        if name.partition(".")[0] == "python_scoring":
            del sys.modules[name]


def use_fork_server() -> None:
    """Fork the subprocesses that the library starts as well."""
    library = importlib.import_module("python_scoring.project.dbt_commands")
    library.dbt_process = processes.dbt_process  # type: ignore[attr-defined]


def end_with(function: Callable[[], None]) -> None:
    """Call a function and end this process as the interpreter would."""
    code = 0
    try:
        function()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
    except BaseException:  # noqa: BLE001 - a process ends here, whatever it was
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()  # noqa: SLF001 - os._exit leaves them out, and pytest's must not run
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def parse(target: Path) -> Manifest:
    """Parse the project as its files stand; what dbt writes about it goes to `target`.

    Without dbt's static parser: that starts threads, and a process with threads cannot be forked.
    dbt parses everything where the profile differs from that of the last parse, and WAREHOUSE
    stands in it. What is parsed does not depend on the folder: only database and schema count.
    """
    DuckDBCredentials._connection_keys = lambda _: ("database", "schema")  # type: ignore[method-assign]  # noqa: SLF001
    os.environ.update(WAREHOUSE=str(target), ELEMENTARY="off", DBT_TARGET_PATH=str(target))
    os.environ.update(DBT_LOG_LEVEL_FILE="none", DBT_LOG_PATH=str(target))
    result = dbtRunner().invoke(["--quiet", "parse", "--no-static-parser"])
    if not isinstance(result.result, Manifest):
        sys.exit(f"the project cannot be parsed: {result.exception}")
    for macro in result.result.macros.values():
        with contextlib.suppress(Exception):  # of dbt's own for other engines
            template_cache.get_node_template(macro)
    return result.result


def main(folder: Path) -> None:
    """Import, parse, and serve until the parent ends."""
    for name in PRELOADED:
        importlib.import_module(name)
    trust_installed_extensions()
    savings.save()
    manifest = parse(folder / "target")
    savings.save_for(manifest)
    savings.leave_out_second_files()
    gc.collect()
    gc.freeze()  # a child's garbage collection need not look at what was here before it
    gc.set_threshold(*GARBAGE)
    with Server(str(folder / "starting"), Handler) as server:
        server.manifest = manifest
        server.target = folder / "target"
        (folder / "starting").rename(folder / "socket")
        server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
