"""The warehouse folder: connections to it, its maintenance, and stored predictions."""

from python_scoring.warehouse.connections import (
    LakeWriter,
    Warehouse,
    connect_lake,
    install_extensions,
    keep_private,
    limit_threads,
    lock_timeout,
    prepare,
    require_lake,
    set_clock,
    write_to_lake,
)

__all__ = [
    "LakeWriter",
    "Warehouse",
    "connect_lake",
    "install_extensions",
    "keep_private",
    "limit_threads",
    "lock_timeout",
    "prepare",
    "require_lake",
    "set_clock",
    "write_to_lake",
]
