"""Commands in subprocesses, forked by a server that has imported everything."""

import atexit
import contextlib
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from python_scoring.project import PROJECT

STARTING = 300  # seconds, on a machine that is busy
FOLDER = "TESTS_FORK_SERVER"  # environment variable: the server's folder


def start_server() -> None:
    """Start the server of this session, for this process and those that it starts.

    Its folder is in the environment. It gets a `socket` when it is ready, and `target` with the
    project as dbt parsed it.
    """
    folder = Path(tempfile.mkdtemp(prefix="forks-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with (folder / "server.log").open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.support.fork_server", str(folder)],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    atexit.register(server.wait)  # so that its processor time counts for this process
    atexit.register(server.kill)
    os.environ[FOLDER] = str(folder)


@functools.cache
def address() -> str:
    """The socket of the server, once it is ready; starts one where there is none."""
    if FOLDER not in os.environ:
        start_server()
    folder = Path(os.environ[FOLDER])
    deadline = time.monotonic() + STARTING
    while not (folder / "socket").exists():
        log = (folder / "server.log").read_text()
        assert "Traceback" not in log, f"the fork server does not start:\n{log}"
        assert time.monotonic() < deadline, f"{folder}: the fork server does not start"
        time.sleep(0.02)
    return str(folder / "socket")


class Process:
    """A running command: `dbt ...` or `python_scoring ...` in a folder and an environment."""

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], output: Path
    ) -> None:
        """Start it; what it prints is appended to the file `output`."""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(address())
        self._answers = self._socket.makefile("rb")
        request = {
            "command": list(command),
            "folder": str(folder),
            "environment": {**environment, FOLDER: os.environ[FOLDER]},
            "output": str(output),
        }
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        self.pid = int(self._answers.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        with contextlib.suppress(TimeoutError):
            return self.wait(timeout=0.001)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit code; TimeoutError after `timeout` seconds."""
        if self.returncode is None:
            self._socket.settimeout(timeout)
            answer = self._socket.recv(16, socket.MSG_PEEK)
            assert answer, f"the fork server lost process {self.pid}"
            self._socket.settimeout(None)
            self.returncode = int(self._answers.readline())
            self._socket.close()
        return self.returncode

    def kill(self) -> None:
        """`kill -9`."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


def run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; stdout has stderr in it."""
    with tempfile.NamedTemporaryFile(prefix="output-") as output:
        code = Process(command, folder, environment, Path(output.name)).wait()
        text = output.read().decode(errors="replace")
    return subprocess.CompletedProcess(list(command), code, text)


def dbt_process(
    arguments: list[str], environment: dict[str, str], folder: Path, *, quiet: bool
) -> subprocess.CompletedProcess[str]:
    """Replace `python_scoring.project.dbt_commands.dbt_process` in tests: the same, forked."""
    result = run(["dbt", *arguments], folder, environment)
    if not quiet:
        sys.stdout.write(result.stdout)
    return result
