"""Disks that are full, read-only, forbidden, slow, or fail; then room again, and a plain build.

What needs root, util-linux or a C compiler is left out where there is none, and says so.
"""

import os
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.resilience.trials import (
    SECOND,
    THIRD,
    TRACEBACK,
    Bench,
    Result,
    first_error,
    last_exception,
    published_once,
    served,
    timed,
    trial,
)
from tests.support.project import Project

ROOM = 2 << 30  # bytes: more than any trial needs
LAST_WORDS = 400
LIBRARY = Path(__file__).with_name("faulty_disk.c")
DBT = "from dbt.cli.main import cli; cli()"
# Root may write wherever it likes; without these it is as anyone else.
AS_ANYONE = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
MEMORY = ("30MB", "60MB", "120MB")
SPILL = 64 << 10  # bytes of the disk that is spilled to


def disks(bench: Bench, part: float) -> Iterator[Result]:
    """Every fault of a disk, with `part` of the trials of the full run."""
    yield from closed_folders(bench)
    yield from spills(bench)
    yield from full_disks(bench, max(3, round(part * 24)))
    yield from failing_disks(bench, max(1, round(part * 6)))


@contextmanager
def disk(size: int, folder: Path | None = None) -> Iterator[Path]:
    """A disk of `size` bytes in memory; raises OSError where this process may not mount one."""
    made = None if folder else tempfile.mkdtemp(prefix="disk-")
    place = folder or Path(str(made))
    if _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)):
        if made:
            place.rmdir()
        raise OSError("mounting a disk needs root")
    try:
        yield place
    finally:
        subprocess.run([shutil.which("umount") or "umount", "--lazy", str(place)], check=False)
        if made:
            place.rmdir()


def resize(place: Path, size: int) -> None:
    """Give a disk another size."""
    _mount("-o", f"remount,size={size}", str(place))


def _mount(*arguments: str) -> int:
    program = shutil.which("mount")
    if not program:
        return 1
    return subprocess.run([program, *arguments], check=False, capture_output=True).returncode


@contextmanager
def on_disk(bench: Bench, size: int, *, empty: bool) -> Iterator[Project]:
    """A copy of the intact warehouse, or an empty one, on a disk with `size` bytes free."""
    with trial(bench, empty=True) as project, disk(ROOM) as place:
        own = replace(project, warehouse=place / "warehouse")
        if not empty:
            shutil.copytree(bench.intact.warehouse, own.warehouse)
        resize(place, shutil.disk_usage(place).used + max(size, 4096))
        yield own


def full_disks(bench: Bench, count: int) -> Iterator[Result]:
    """Builds on `count` disks with room from none to just less than they need."""
    for name, environment, is_first in (
        ("first build", SECOND, True),
        ("next day's build", THIRD, False),
    ):
        result = Result(f"disk full: {name}")
        need = partial(_need, bench, environment, empty=is_first)
        for free in _parts_of(need, count, bench, result):
            with on_disk(bench, free, empty=is_first) as project:
                _try(bench, project, result, environment, resized=project.warehouse.parent)
        yield result


def _parts_of(
    measure: Callable[[], int], count: int, bench: Bench, result: Result
) -> Iterator[int]:
    """Yield `count` numbers at random below what a build was measured to need, spread over it.

    None where it cannot be measured here, which the result says.
    """
    try:
        whole = measure()
    except OSError as error:
        result.message = f"not tried: {error}"
        return
    parts = list(range(count))
    bench.random.shuffle(parts)
    for number in bench.turns(parts):
        yield int(whole * (number + bench.random.random()) / count)


def _need(bench: Bench, environment: Mapping[str, str], *, empty: bool) -> int:
    """The bytes by which a build fills a disk at most."""
    with on_disk(bench, ROOM, empty=empty) as project:
        place = project.warehouse.parent
        before = shutil.disk_usage(place).used
        most, ended = before, threading.Event()

        def watch() -> None:
            nonlocal most
            while not ended.wait(0.01):
                most = max(most, shutil.disk_usage(place).used)

        thread = threading.Thread(target=watch)
        thread.start()
        project.build(env=environment)
        ended.set()
        thread.join()
        return most - before


def _try(
    bench: Bench,
    project: Project,
    result: Result,
    environment: Mapping[str, str],
    *,
    resized: Path | None = None,
) -> None:
    """A build with the fault, what is served meanwhile, room again, and a plain build."""
    build = project.build(env=environment, check=False)
    _judge(bench, project, result, build, environment)
    if resized:
        resize(resized, ROOM)
    expected = bench.alone if environment is SECOND else bench.third_digests
    if build.returncode == 0 and published_once(project) != expected:
        result.unnoticed += 1
        result.message = "a build that succeeded, and left less than it said"
    finish(bench, project, result, environment)


def _judge(
    bench: Bench,
    project: Project,
    result: Result,
    build: "subprocess.CompletedProcess[str]",
    environment: Mapping[str, str],
) -> None:
    result.tried += 1
    is_first = environment is SECOND
    expected = bench.alone if is_first else bench.third_digests
    known = (bench.alone_served,) if is_first else (bench.served, bench.third_served)
    found = published_once(project)
    # On a full disk nobody can read: SQLite needs room for its index.
    if build.returncode == 0 and found not in (expected, None):
        result.unnoticed += 1
        result.message = "a build that succeeded, without all predictions"
    if TRACEBACK in build.stdout:
        result.message = f"traceback: {last_exception(build.stdout)}"
    elif build.returncode and not result.message:
        result.message = first_error(build.stdout)
    now = served(project)
    if now and any(now[product] not in [each[product] for each in known] for product in now):
        result.wrong += 1


def finish(bench: Bench, project: Project, result: Result, environment: Mapping[str, str]) -> None:
    """The fault is gone: a plain build gives what one gives that never met it."""
    builds = []
    result.seconds.append(timed(lambda: builds.append(project.build(env=environment, check=False))))
    again = builds[0]
    expected = bench.alone if environment is SECOND else bench.third_digests
    if again.returncode == 0 and published_once(project) == expected:
        result.survived += "traceback" not in result.message
    else:
        result.lost += 1
        result.message = f"afterwards: {again.stdout[-LAST_WORDS:]}"


def closed_folders(bench: Bench) -> Iterator[Result]:
    """A warehouse that cannot be written, or not be entered; raw files that can only be read."""
    yield _read_only(bench)
    yield _read_only_raw(bench)
    yield from _forbidden(bench)


def _read_only(bench: Bench) -> Result:
    result = Result("disk read-only: warehouse")
    try:
        with on_disk(bench, ROOM, empty=False) as project:
            place = str(project.warehouse.parent)
            _mount("-o", "remount,ro", place)
            build = project.build(env=THIRD, check=False)
            result.unnoticed += build.returncode == 0
            _judge(bench, project, result, build, THIRD)
            _mount("-o", "remount,rw", place)
            finish(bench, project, result, THIRD)
    except OSError as error:
        result.message = f"not tried: {error}"
    return result


def _read_only_raw(bench: Bench) -> Result:
    """As most shops have it: the warehouse of the build has no right to change its sources."""
    result = Result("disk read-only: raw files")
    try:
        with disk(ROOM) as place, trial(bench) as project:
            shutil.copytree(bench.intact.raw_data, place / "raw")
            _mount("-o", "remount,ro", str(place))
            own = replace(project, raw_data=place / "raw")
            result.tried = 1
            build = own.build(env=THIRD, check=False)
            is_same = published_once(own) == bench.third_digests
            result.survived = int(build.returncode == 0 and is_same)
            if not result.survived:
                result.message = build.stdout[-LAST_WORDS:]
    except OSError as error:
        result.message = f"not tried: {error}"
    return result


def _forbidden(bench: Bench) -> Iterator[Result]:
    for name, part, mode in (
        ("warehouse", "", 0o500),
        ("warehouse, not even to enter", "", 0),
        ("lake", "lake", 0),
        ("catalogue", "lake.sqlite", 0o400),
        ("working set", "warehouse.duckdb", 0),
    ):
        result = Result(f"no permission: {name}")
        with trial(bench) as project:
            path = project.warehouse / part
            former = path.stat().st_mode
            path.chmod(mode)
            prefix = AS_ANYONE if os.geteuid() == 0 else ()
            try:
                build = plain_build(project, THIRD, prefix)
            except FileNotFoundError:
                result.message = "not tried: setpriv of util-linux is missing"
                yield result
                continue
            finally:
                path.chmod(former)
            result.unnoticed += build.returncode == 0
            _judge(bench, project, result, build, THIRD)
            finish(bench, project, result, THIRD)
        yield result


def plain_build(
    project: Project, environment: Mapping[str, str], prefix: Sequence[str] = ()
) -> "subprocess.CompletedProcess[str]":
    """`dbt build` in a process of its own interpreter."""
    return subprocess.run(
        [*prefix, sys.executable, "-c", DBT, "build"],
        cwd=project.folder,
        env=project.environment(environment) | {"DBT_EXCLUDE_RESOURCE_TYPES": "unit_test test"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def spills(bench: Bench) -> Iterator[Result]:
    """Little memory, and a full disk to spill to: an error, or the same predictions."""
    result = Result("spill quota: little memory, no room to spill")
    for memory in MEMORY:
        with ExitStack() as stack:
            project = stack.enter_context(trial(bench))
            spill = project.warehouse / "spill"
            spill.mkdir(exist_ok=True)
            try:
                stack.enter_context(disk(SPILL, spill))
            except OSError as error:
                result.message = f"not tried: {error}"
                break
            limited = {**THIRD, "DUCKDB_MEMORY_LIMIT": memory}
            build = project.build(env=limited, check=False)
            _judge(bench, project, result, build, THIRD)
            finish(bench, project, result, THIRD)
    yield result


@contextmanager
def faulty(folder: Path, kind: str, scratch: Path) -> Iterator[tuple[dict[str, str], Path]]:
    """Environment of processes for which `folder` is on a faulty disk, and its counter's file.

    Raises OSError where the library cannot be compiled.
    """
    library, counter = scratch / "faulty_disk.so", scratch / "counter"
    compiler = shutil.which("cc")
    if not compiler or sys.platform != "linux":
        raise OSError("a faulty disk needs Linux and a C compiler")
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", library, LIBRARY, "-ldl"], check=True
    )
    counter.write_bytes(bytes(16))
    yield {
        "LD_PRELOAD": str(library), "FAULTY_FOLDER": str(folder), "FAULTY_KIND": kind,
        "FAULTY_COUNTER": str(counter),
    }, counter  # fmt: skip


def counted(counter: Path) -> tuple[int, int]:
    """Operations on the faulty disk, and those that failed."""
    operations, failed = struct.unpack("=QQ", counter.read_bytes())
    return int(operations), int(failed)


def failing_disks(bench: Bench, count: int) -> Iterator[Result]:
    """Builds whose disk fails from a moment on, fails once, or is slow; `count` of each."""
    kinds = {
        "no more writes": ("write", {"FAULTY_TIMES": "0"}),
        "one write fails": ("write", {"FAULTY_TIMES": "1"}),
        "one sync fails": ("sync", {"FAULTY_TIMES": "1"}),
        "one read fails": ("read", {"FAULTY_TIMES": "1"}),
    }
    for name, (kind, options) in kinds.items():
        result = Result(f"disk fails: {name}")
        for at in _parts_of(partial(_operations, bench, kind), count, bench, result):
            with trial(bench) as project:
                build = _faulty_build(project, kind, {**options, "FAULTY_FROM": str(at)})
                _judge(bench, project, result, build, THIRD)
                finish(bench, project, result, THIRD)
        yield result
    slow = Result("disk slow: 2 ms for each write")
    with trial(bench) as project, suppress(OSError):
        build = _faulty_build(project, "write", {"FAULTY_SLEEP": "2000"})
        slow.unnoticed += build.returncode != 0
        _judge(bench, project, slow, build, THIRD)
        finish(bench, project, slow, THIRD)
    yield slow


def _operations(bench: Bench, kind: str) -> int:
    with trial(bench) as project:
        scratch = project.warehouse.parent
        with faulty(project.warehouse, kind, scratch) as (environment, counter):
            build = plain_build(project, THIRD | environment)
            assert build.returncode == 0, build.stdout[-LAST_WORDS:]
            return counted(counter)[0]


def _faulty_build(
    project: Project, kind: str, options: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    with faulty(project.warehouse, kind, project.warehouse.parent) as (environment, _):
        return plain_build(project, {**THIRD, **environment, **options})
