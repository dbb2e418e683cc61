"""What all tests cost: wall time and processor time of `make test-all`, against their limits.

    python -m benchmarks.suite

The limits hold on two cores that do nothing else. With TEST_COSTS set to a file, the processor
seconds of each test are in it, and `python -m tests.support.costs FILE` prints them.
"""

import resource
import subprocess
import sys
import time

import click

from python_scoring.project import PROJECT

WALL_SECONDS, PROCESSOR_SECONDS = 15 * 60, 1_500


@click.command()
@click.argument("target", type=click.Choice(["test", "test-all"]), default="test-all")
def main(target: str) -> None:
    """Run the tests; ends with 1 where one fails, or where they take too long."""
    began = time.monotonic()
    result = subprocess.run(["make", target], cwd=PROJECT, check=False)  # noqa: S607 - the make that people have
    wall = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = used.ru_utime + used.ru_stime
    click.echo(f"wall time       {wall:6.0f} s, at most {WALL_SECONDS:,}")
    click.echo(f"processor time  {processor:6.0f} s, at most {PROCESSOR_SECONDS:,}")
    sys.exit(result.returncode or wall > WALL_SECONDS or processor > PROCESSOR_SECONDS)


if __name__ == "__main__":
    main()
