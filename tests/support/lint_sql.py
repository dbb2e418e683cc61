"""sqlfluff with rare garbage collections: `python -m tests.support.lint_sql lint models tests`.

A file's parse tree is a million objects, through which Python looks every 700 new ones: a third of
sqlfluff's processor time. What it finds stays the same.
"""

import gc
import sys

from sqlfluff.cli.commands import cli

NEW_OBJECTS = 2_000_000  # some 300 MB before Python looks for garbage

if __name__ == "__main__":
    gc.set_threshold(NEW_OBJECTS)
    sys.exit(cli(prog_name="sqlfluff"))
