"""SHA-256 of files, read once in blocks."""

import hashlib
from pathlib import Path

BLOCK = 1 << 20  # bytes


def file_sha256(path: Path) -> str:
    """Digest of a file's bytes. Raises OSError where it cannot be read."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as content:
        while block := content.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
