"""Commands, builds and readers beside a build."""

import time
from dataclasses import replace

from tests.resilience.kills import Reader
from tests.resilience.trials import THIRD, TRACEBACK, Bench, Result, published, trial
from tests.support.project import PRODUCTS

READERS = 4
COMMANDS: dict[str, tuple[str, ...]] = {
    "doctor": ("doctor",),
    "report": ("report", "--out", "{folder}/report.html"),
    "notify": ("notify", "--dry-run"),
    "trace": ("trace", "0" * 32),
    "erase": ("erase", "C00000000", "--dry-run"),
    "repair": ("repair", "working-set", "--by", "ana", "--reason", "a trial"),
    "connect": ("connect",),
}


def beside_a_build(bench: Bench) -> list[Result]:
    """Each command, a second build, and readers, while a build runs."""
    results = []
    for name, arguments in COMMANDS.items():
        result = Result(f"{name} beside a build", tried=1)
        with trial(bench) as project:
            build = project.start("build", env=THIRD)
            time.sleep(1)
            command = project.command(
                *(each.format(folder=project.target) for each in arguments),
                env=THIRD,
                check=False,
            )
            ended = build.wait(timeout=600)
            lines = command.stdout.strip().splitlines()
            result.message = lines[-1] if lines else ""
            is_same = published(project) == bench.third_digests
            result.lost += not is_same
            result.survived += is_same and ended == 0 and TRACEBACK not in command.stdout
        results.append(result)
    return [*results, _second_build(bench)]


def _second_build(bench: Bench) -> Result:
    result = Result(f"a second build and {READERS} readers beside a build", tried=1)
    with trial(bench) as project:
        readers = [Reader(project) for _ in range(READERS)]
        contexts = [reader.reading() for reader in readers]
        for context in contexts:
            context.__enter__()
        build = project.start("build", env=THIRD)
        second = replace(project, target=project.target.with_name("other")).build(
            env=THIRD, check=False
        )
        ended = build.wait(timeout=600)
        for context in contexts:
            context.__exit__(None, None, None)
        result.wrong = sum(len(reader.wrong) for reader in readers)
        is_same = published(project) == bench.third_digests
        result.lost += not is_same
        result.survived += is_same and ended == 0 and second.returncode == 0
        result.message = (
            f"{sum(reader.reads for reader in readers):,} reads of {len(PRODUCTS)} marts"
        )
    return result
