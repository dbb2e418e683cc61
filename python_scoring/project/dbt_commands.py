"""dbt commands of the project, each in a process of its own."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from python_scoring.errors import PredictionError
from python_scoring.project.folder import PROJECT, PROJECT_DIR
from python_scoring.project.manifest import Manifest, read_manifest


def run_dbt(
    arguments: list[str],
    environment: dict[str, str],
    *,
    quiet: bool = False,
    project: Path = PROJECT,
) -> None:
    """Run `dbt <arguments>` in the project; raises PredictionError where it fails.

    `environment` is added to the present one. With `quiet` the output appears only after a failure.
    """
    environment = {**_without_missing_packages(), **os.environ, **environment}
    result = dbt_process(arguments, environment, project, quiet=quiet)
    if result.returncode != 0:
        output = f"\n{result.stdout}" if quiet else " The output above says why."
        raise PredictionError(f"`dbt {' '.join(arguments)}` failed.{output}")


def dbt_process(
    arguments: list[str], environment: dict[str, str], folder: Path, *, quiet: bool
) -> subprocess.CompletedProcess[str]:
    """Run `dbt <arguments>` in a subprocess; with `quiet` the result holds its output."""
    if PROJECT_DIR in environment:
        environment = {**environment, PROJECT_DIR: str(folder)}
    return subprocess.run(  # noqa: S603 - dbt of this Python, without a shell
        [sys.executable, "-c", "from dbt.cli.main import cli; cli()", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        check=False,
    )


def _without_missing_packages() -> dict[str, str]:
    """Return ELEMENTARY=off if the set-up could not install Elementary from the package hub."""
    return {} if (PROJECT / "dbt_packages" / "elementary").exists() else {"ELEMENTARY": "off"}


def parsed_manifest(scratch: Path | None = None) -> Manifest:
    """Parse the present files of the project; returns the manifest and changes nothing.

    A build in the same `scratch` (as WAREHOUSE, with `target` below it) need not parse again.
    """
    if scratch is None:
        with tempfile.TemporaryDirectory(prefix="parse-") as folder:
            return parsed_manifest(Path(folder))
    target = scratch / "target"
    run_dbt(["parse", "--target-path", str(target)], {"WAREHOUSE": str(scratch)}, quiet=True)
    return read_manifest(target)
