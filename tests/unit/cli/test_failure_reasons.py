"""The reason of a failure is the line that says what is wrong."""

import pytest

from python_scoring.cli.failure_reasons import meaningful_line

DUCKDB = """Runtime Error in model orders (models/staging/orders.sql)
  Invalid Input Error: Failed to read file "/raw/2026-10.parquet": schema mismatch

  If you are trying to read files with different schemas, try setting union_by_name=True"""
SQL = """Runtime Error in model due_runs (models/schedule/due_runs.sql)
  Binder Error: Referenced column "x" not found in FROM clause!
  Candidate bindings: "y"

  LINE 3: select x
                 ^"""
SKLEARN = """Runtime Error in model candidates_churn (models/products/churn/candidates_churn.py)
  Python model failed:
  Traceback (most recent call last):
    File "environments/__init__.py", line 1, in run
      raise error
  ValueError: Input X contains NaN.
  LogisticRegression does not accept missing values encoded as NaN natively. For supervised
  learning, you might want to consider sklearn.ensemble.HistGradientBoostingClassifier"""
OURS = """Runtime Error in model candidates_churn (models/products/churn/candidates_churn.py)
  Python model failed:
  python_scoring.errors.ArtifactError: model.skops has another SHA-256 than its registry row.
"""
TWO = """Traceback (most recent call last):
  File "a.py", line 1, in a
KeyError: 'a'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "b.py", line 1, in b
duckdb.duckdb.IOException: IO Error: Cannot open file "lake/x.parquet": No such file or directory
"""


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (
            DUCKDB,
            'Invalid Input Error: Failed to read file "/raw/2026-10.parquet": schema mismatch',
        ),
        (SQL, 'Binder Error: Referenced column "x" not found in FROM clause!'),
        (SKLEARN, "ValueError: Input X contains NaN."),
        (OURS, "model.skops has another SHA-256 than its registry row."),
        (TWO, 'IO Error: Cannot open file "lake/x.parquet": No such file or directory'),
        ("Got 3 results, configured to fail if != 0", "Got 3 results, configured to fail if != 0"),
        ("^", "^"),
        ("", "no message"),
    ],
)
def test_reason(message: str, reason: str) -> None:
    assert meaningful_line(message) == reason
