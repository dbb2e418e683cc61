"""Backtests in the report: what `customer-predictions backtest --out` wrote, as tables."""

import json
from pathlib import Path

from python_scoring.errors import InputError
from python_scoring.models.backtest_record import StoredBacktest
from python_scoring.report import formatting
from python_scoring.report.challengers import Comparison
from python_scoring.report.figure import Table

_FIGURES = {
    "auc": "AUC",
    "brier": "Brier score",
    "mae": "Mean absolute error",
    "bias": "Bias",
    "deviance": "Deviance",
    "calibration_gap": "Calibration gap",
    "coverage": "Coverage",
    "lift_1": "Lift of the highest tenth",
}


def read(files: list[Path]) -> list[StoredBacktest]:
    """Read backtests; raises InputError for a file that is none."""
    found: list[StoredBacktest] = []
    for file in files:
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            _ = content["product"], content["model_versions"], content["measured"][0]["models"]
        except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
            raise InputError(
                f"--backtest {file} is not a backtest ({type(error).__name__}); expected what "
                "`customer-predictions backtest PRODUCT --out FILE` wrote"
            ) from error
        found.append(content)
    return found


def of_product(backtests: list[StoredBacktest], product: str) -> list[Comparison]:
    """One comparison per backtest of the product; those of segments have claims, not figures."""
    return [_comparison(one) for one in backtests if one["product"] == product]


def _comparison(one: StoredBacktest) -> Comparison:
    versions = one["model_versions"]
    has_figures = "figures" in one["measured"][0]["models"][0]
    return Comparison(
        title=f"Backtest of {' and '.join(versions)}",
        sentences=_sentences(one),
        table=_figures(one) if has_figures else _claims(one),
    )


def _sentences(one: StoredBacktest) -> list[str]:
    versions, as_ofs = one["model_versions"], len(one["measured"]) - 1
    measured = formatting.plural(as_ofs, "as-of")
    said = [
        (
            f"Backtest of {' and '.join(versions)} on {measured} whose outcomes neither training "
            f"has seen; in brackets the middle {one['level']:.0%} of {one['samples']} bootstrap "
            "samples of customers."
        )
    ]
    if pin := one.get("pin"):
        moves = sorted(
            (move for move in pin["labels"] if move["was"] != move["becomes"]),
            key=lambda move: -move["customers"],
        )
        largest = [
            f"{move['customers']:,} from {move['was']} to {move['becomes']}" for move in moves
        ]
        detail = f": {formatting.listing(largest[:5])}" if largest else ""
        said.append(
            f"A pin of {versions[1]} would change the label of {pin['relabelled']:,} of "
            f"{pin['customers']:,} customers{detail}."
        )
    return said


def _figures(one: StoredBacktest) -> Table:
    known = one["measured"][0]["models"][0]["figures"]
    names = [name for name in _FIGURES if name in known]
    rows = []
    for entry in one["measured"]:
        when = entry["as_of"][:10] if entry["as_of"] else "all together"
        parts = [
            *zip(
                one["model_versions"], (model["figures"] for model in entry["models"]), strict=True
            )
        ]
        if entry["difference"]:
            parts.append(("difference", entry["difference"]))
        rows += [
            (when, version, f"{entry['customers']:,}", *(_cell(found[name]) for name in names))
            for version, found in parts
        ]
    columns = ("As of", "Model", "Customers", *(_FIGURES[name] for name in names))
    return Table(columns, rows, numbers=frozenset(columns[2:]))


def _cell(values: list[float | None]) -> str:
    value, lower, upper = values
    if value is None:
        return formatting.NOTHING
    if lower is None or upper is None:
        return f"{value:.3f}"
    return f"{value:.3f} ({lower:.3f} to {upper:.3f})"


def _claims(one: StoredBacktest) -> Table:
    columns = ("As of", "Model", "Segment", "Above", "Measure", "Of the one", "Of the other")
    rows = [
        (
            entry["as_of"][:10] if entry["as_of"] else "all together",
            version,
            claim["segment"],
            claim["above"],
            claim["measure"],
            _amount(claim["higher"]),
            _amount(claim["lower"]),
        )
        for entry in one["measured"]
        for version, model in zip(one["model_versions"], entry["models"], strict=True)
        for claim in model["claims"]
    ]
    return Table(columns, rows, numbers=frozenset(columns[5:]))


def _amount(value: float | None) -> str:
    return formatting.NOTHING if value is None else f"{value:.4g}"
