"""Comparison of the recorded outputs with those served now: changes that break a consumer.

Each finding is a sentence with the file, the output, the version, the column, and what to do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import SequenceMatcher

from python_scoring.contracts.served_outputs import Column, ServedOutput

ACCEPT = "customer-predictions contracts --accept"


@dataclass(frozen=True)
class Recorded:
    """Version of an output as the baseline records it."""

    output: str
    version: int
    minor: int
    deprecated_on: date | None
    columns: tuple[Column, ...]


def breaking_changes(
    recorded: Iterable[Recorded],
    served: Iterable[ServedOutput],
    today: date,
    notice_days: dict[str, int],
) -> list[str]:
    """Return every change that breaks consumers, each with what to do instead."""
    before = {(found.output, found.version): found for found in recorded}
    now = {(found.output, found.version): found for found in served}
    problems = []
    for key, promised in before.items():
        if key not in now:
            problems += _removed_version(promised, now.values(), today)
            continue
        comparison = _Comparison(promised, now[key], list(now.values()), today, notice_days)
        problems += [*comparison.columns(), *comparison.minor(), *comparison.end()]
    for found in now.values():
        problems += _replacement(found, now, before, notice_days)
    return problems


def _place(found: ServedOutput) -> str:
    return f"{found.file}: {found.output} version {found.version}"


def _removed_version(promised: Recorded, served: Iterable[ServedOutput], today: date) -> list[str]:
    if promised.deprecated_on and promised.deprecated_on <= today:
        return []
    files = sorted({found.file for found in served if found.output == promised.output})
    place = files[0] if files else "models/products"
    if promised.deprecated_on:
        problem = (
            f"{place}: {promised.output} version {promised.version} is gone, but consumers were "
            f"promised it until {promised.deprecated_on}. Put it back and remove it from that day "
            "on."
        )
        return [problem]
    problem = (
        f"{place}: {promised.output} version {promised.version} is gone, and its end was never "
        "announced. Put it back with a deprecation_date at least the notice period ahead, record "
        "that "
        f"with `{ACCEPT}`, and remove the version from that day on."
    )
    return [problem]


@dataclass(frozen=True)
class _Comparison:
    """Comparison of one recorded version that is still served."""

    promised: Recorded
    found: ServedOutput
    served: Sequence[ServedOutput]
    today: date
    notice_days: dict[str, int]

    def columns(self) -> list[str]:
        """Columns that were removed, renamed, retyped, or made nullable."""
        before = {column.name: column for column in self.promised.columns}
        now = {column.name: column for column in self.found.columns}
        problems = []
        added = [column for name, column in now.items() if name not in before]
        for name, column in before.items():
            if name not in now:
                problems.append(self._removed(column, added))
            elif _spelled(now[name].data_type) != _spelled(column.data_type):
                problems.append(
                    f"{_place(self.found)}: the column {name} changed from {column.data_type} to "
                    f"{now[name].data_type or 'no type'}, which breaks its consumers. "
                    f"{self._steps(f'{name} back to {column.data_type}')}"
                )
            elif now[name].nullable and not column.nullable:
                problems.append(
                    f"{_place(self.found)}: the column {name} may now be null, where consumers "
                    f"were promised that it never is. {self._steps(f'{name} back to never null')}"
                )
        return problems

    def _removed(self, column: Column, added: list[Column]) -> str:
        alike = [new for new in added if _spelled(new.data_type) == _spelled(column.data_type)]
        if not alike:
            what = f"the column {column.name} ({column.data_type}) is gone"
        else:
            new = max(alike, key=lambda one: SequenceMatcher(None, column.name, one.name).ratio())
            added.remove(new)
            what = f"the column {column.name} ({column.data_type}) seems renamed to {new.name}"
        return (
            f"{_place(self.found)}: {what}, which breaks its consumers. "
            f"{self._steps(f'{column.name} back')}"
        )

    def _steps(self, undo: str) -> str:
        """Steps by which such a change is announced to consumers."""
        output, version = self.found.output, self.found.version
        next_version = 1 + max(one.version for one in self.served if one.output == output)
        notice = self.notice_days[self.found.product]
        end = self.today + timedelta(days=notice)
        return (
            f"Put {undo} in version {version} and make the change in a new one: "
            f"(1) copy {output}_v{version}.sql to {output}_v{next_version}.sql beside it, and add "
            f"`- v: {next_version}` with the changed columns under `versions` in "
            f"{self.found.file}; "
            f"(2) give it config.meta.replaces: {{version: {version}, announced_on: {self.today}, "
            "migration: what a consumer changes}; "
            f"(3) give version {version} a deprecation_date of {end} or later, {notice} days after "
            "the announcement; "
            f"(4) record both with `{ACCEPT}`."
        )

    def minor(self) -> list[str]:
        """A compatible change raises the minor number by one; it never decreases."""
        known = {column.name for column in self.promised.columns}
        added = [column.name for column in self.found.columns if column.name not in known]
        change = self.found.minor - self.promised.minor
        if change in ({1} if added else {0, 1}):
            return []
        expected = self.promised.minor + (1 if added else 0)
        why = f"has new columns ({', '.join(added)})" if added else "has no new columns"
        problem = (
            f"{_place(self.found)} {why}; its output_schema_version was {self.promised.version}."
            f"{self.promised.minor} and is {self.found.output_schema_version}. Set "
            f"config.meta.output_schema_minor to {expected}."
        )
        return [problem]

    def end(self) -> list[str]:
        """An end date respects the recorded end, or else the notice period."""
        before, now = self.promised.deprecated_on, self.found.deprecated_on
        if now is None or (before is not None and now >= before):
            return []
        notice = self.notice_days[self.found.product]
        earliest = self.today + timedelta(days=notice)
        if before is not None:
            earliest = min(earliest, before)
        if now >= earliest:
            return []
        told = f"moved from {before} to {now}" if before else f"is {now}"
        problem = (
            f"{_place(self.found)}: its deprecation_date {told}, less than the notice of {notice} "
            f"days from {self.today}. Set it to {earliest} or later."
        )
        return [problem]


def _replacement(
    found: ServedOutput,
    now: dict[tuple[str, int], ServedOutput],
    before: dict[tuple[str, int], Recorded],
    notice_days: dict[str, int],
) -> list[str]:
    """Findings on what a version says about the one that it replaces."""
    older = [key for key in {*now, *before} if key[0] == found.output and key[1] < found.version]
    is_new = (found.output, found.version) not in before
    place = _place(found)
    if found.replaces is None:
        if is_new and older:
            problem = (
                f"{place} is new and does not say what it replaces: give it config.meta.replaces "
                "with version, announced_on and migration."
            )
            return [problem]
        return []
    problems = []
    if not found.replaces.migration:
        problems.append(
            f"{place}: config.meta.replaces.migration is missing: say what a consumer of version "
            f"{found.replaces.version} changes."
        )
    if found.replaces.announced_on is None:
        problems.append(
            f"{place}: config.meta.replaces.announced_on is missing: the day on which consumers "
            f"of version {found.replaces.version} were notified."
        )
    if is_new and (found.output, found.replaces.version) not in older:
        versions = ", ".join(str(version) for _, version in sorted(older)) or "none"
        problems.append(
            f"{place} replaces version {found.replaces.version}, which is not an older version of "
            "it; "
            f"expected one of: {versions}."
        )
    replaced = now.get((found.output, found.replaces.version))
    if replaced and found.replaces.announced_on:
        notice = notice_days[found.product]
        earliest = found.replaces.announced_on + timedelta(days=notice)
        if replaced.deprecated_on is None or replaced.deprecated_on < earliest:
            problems.append(
                f"{_place(replaced)} is replaced by version {found.version}, announced on "
                f"{found.replaces.announced_on}: its deprecation_date is "
                f"{replaced.deprecated_on or 'missing'}; expected {earliest} or later, {notice} "
                "days after."
            )
    return problems


def _spelled(data_type: str) -> str:
    return "".join(data_type.lower().split())
