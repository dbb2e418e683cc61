"""Digests of inputs, as macros/lineage/inputs.sql makes them: two sums over the MD5 of each row."""

from collections.abc import Iterable


def without(digest: str, parts: Iterable[str]) -> str:
    """Return the digest of an input without some parts, given the digests of the parts."""
    sums = [int(total) for total in digest.split("-")]
    for part in parts:
        sums = [total - int(one) for total, one in zip(sums, part.split("-"), strict=True)]
    return "-".join(map(str, sums))
