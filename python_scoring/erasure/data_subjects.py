"""Data subjects of an erasure: ids, compared as in staging, and texts that name one."""

import json
import re
from dataclasses import dataclass
from functools import cached_property

from python_scoring.errors import ArgumentError

BLANKS = " \t\r\n"
REPLACEMENT = "[erased]"

# Shorter ids, plain words and plain numbers also mean other things in texts and files.
SHORTEST_DISTINCTIVE = 6
_NUMBER = re.compile(r"[-+]?[0-9.,]+(?:[eE][-+]?[0-9]+)?")
_DISTINCTIVE = re.compile(r"[^A-Za-z]")

# Characters that continue an id: C-1-2 does not name C-1, nor joe.ann@x.org ann@x.org.
_NOT_BEFORE = r"(?<!\w)(?<!\w[-.@+])"
_NOT_AFTER = r"(?!\w)(?![-.@+]\w)"


@dataclass(frozen=True)
class DataSubjects:
    """Customers to be erased: trimmed, sorted, distinct ids."""

    customer_ids: tuple[str, ...]

    @classmethod
    def of(cls, given: tuple[str, ...]) -> "DataSubjects":
        """Create from ids as typed. Raises ArgumentError for a blank or unprintable id."""
        for number, each in enumerate(given, start=1):
            text = each.strip(BLANKS)
            if not text:
                raise ArgumentError(
                    f"CUSTOMER_ID number {number} is blank: expected the id of a customer, as in "
                    "the raw table customers. Nothing was erased."
                )
            if not text.isprintable():
                raise ArgumentError(
                    f"CUSTOMER_ID {text!r} has characters that cannot be printed: expected the id "
                    "as in the raw table customers. Nothing was erased."
                )
        return cls(tuple(sorted({each.strip(BLANKS) for each in given})))

    @cached_property
    def distinctive(self) -> tuple[str, ...]:
        """The ids that, in a text or in the bytes of a file, can only mean this customer."""
        return tuple(
            each
            for each in self.customer_ids
            if len(each) >= SHORTEST_DISTINCTIVE
            and _DISTINCTIVE.search(each)
            and not _NUMBER.fullmatch(each)
        )

    @cached_property
    def spellings(self) -> tuple[str, ...]:
        """The distinctive ids, plain and as JSON escapes them."""
        return tuple(sorted({each for id_ in self.distinctive for each in _spellings(id_)}))

    @cached_property
    def spellings_in_records(self) -> tuple[str, ...]:
        """All ids, plain and as JSON escapes them."""
        return tuple(sorted({each for id_ in self.customer_ids for each in _spellings(id_)}))

    def have_record(self, text: str) -> bool:
        """Whether a text is a JSON record whose `customer_id`, in any case, is theirs."""
        try:
            record = json.loads(text)
        except ValueError:
            return False
        return isinstance(record, dict) and any(
            name.lower() == "customer_id" and str(value).strip(BLANKS) in self._ids
            for name, value in record.items()
        )

    def are_named_in(self, text: str) -> bool:
        """Whether a text names one of the customers; C12 does not name C1."""
        return bool(self._names and self._names.search(text))

    def without(self, text: str) -> str:
        """The text with each of the customers' ids replaced by REPLACEMENT."""
        return self._names.sub(REPLACEMENT, text) if self._names else text

    @cached_property
    def _ids(self) -> frozenset[str]:
        return frozenset(self.customer_ids)

    @cached_property
    def _names(self) -> re.Pattern[str] | None:
        if not self.spellings:
            return None
        return re.compile(f"{_NOT_BEFORE}{one_of(self.spellings)}{_NOT_AFTER}")


def one_of(words: tuple[str, ...]) -> str:
    """Regular expression of any of the words, the longest where one begins another.

    Beginnings that words share are written once: a text is searched for thousands of words in
    about the time of one.
    """
    tails: dict[str, list[str]] = {}
    for word in words:
        if word:
            tails.setdefault(word[0], []).append(word[1:])
    branches = [f"{re.escape(first)}{one_of(tuple(rest))}" for first, rest in tails.items()]
    if len(branches) == 1 and "" not in words:
        return branches[0]
    return f"(?:{'|'.join(branches)}){'?' if '' in words else ''}" if branches else ""


def _spellings(customer_id: str) -> set[str]:
    return {
        customer_id,
        json.dumps(customer_id)[1:-1],
        json.dumps(customer_id, ensure_ascii=False)[1:-1],
    }
