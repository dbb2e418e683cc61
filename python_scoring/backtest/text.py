"""A backtest in words, for a terminal."""

from python_scoring.backtest.command import Backtest
from python_scoring.models.backtest_record import Entry, Pin
from python_scoring.models.card_parts import JudgedClaim

# The figures of a line per as-of; the JSON has all of them.
SHOWN = ("auc", "brier", "mae", "bias", "deviance", "calibration_gap", "coverage", "lift_1")


def to_text(found: Backtest) -> str:
    """A table per as-of and one for all together, what a pin would change, what was left out."""
    versions = " and ".join(found.model_versions)
    lines = [
        (
            f"{found.product} {versions}: in brackets the middle {found.level:.0%} of "
            f"{found.samples} bootstrap samples of customers"
        )
    ]
    for entry in found.measured:
        lines += ["", *_entry(found, entry)]
    if found.pin:
        lines += ["", *_pin(found, found.pin)]
    if found.left_out:
        lines += ["", "not measured:"]
        lines += [f"  {as_of}: {problem}" for as_of, problem in found.left_out.items()]
    return "\n".join(lines)


def _entry(found: Backtest, entry: Entry) -> list[str]:
    title = f"as of {entry['as_of']}" if entry["as_of"] else "all together"
    lines = [f"{title}: {entry['customers']:,} customers"]
    if "claims" in entry["models"][0]:
        for version, model in zip(found.model_versions, entry["models"], strict=True):
            lines += [f"  {version}: {_claim(claim)}" for claim in model["claims"]]
        return lines
    names = [name for name in SHOWN if name in entry["models"][0]["figures"]]
    columns = [*found.model_versions, *(["difference"] if entry["difference"] else [])]
    lines.append("  " + " " * 16 + "".join(f"{name:<32}" for name in columns).rstrip())
    for name in names:
        cells = [_figure(model["figures"][name]) for model in entry["models"]]
        if entry["difference"]:
            cells.append(_figure(entry["difference"][name]))
        lines.append(f"  {name:<16}" + "".join(f"{cell:<32}" for cell in cells).rstrip())
    return lines + [
        f"  {version}: coverage by fifth of the scores, lowest first: "
        + ", ".join(f"{share:.1%}" for share in model["coverage_by_fifth"])
        for version, model in zip(found.model_versions, entry["models"], strict=True)
        if model.get("coverage_by_fifth")
    ]


def _figure(values: list[float | None]) -> str:
    value, lower, upper = values
    if value is None:
        return "not evaluated"
    if lower is None or upper is None:
        return f"{value:.4f}"
    return f"{value:.4f} ({lower:.4f} to {upper:.4f})"


def _claim(claim: JudgedClaim) -> str:
    named = f"{claim['segment']} above {claim['above']} in {claim['measure']}"
    if claim["turned"] is None:
        return f"{named}: too few customers to say ({min(claim['customers'])})"
    higher, lower = claim["higher"] or 0.0, claim["lower"] or 0.0
    return f"{named}: {'holds' if higher >= lower else 'is turned'}, {higher:.4g} and {lower:.4g}"


def _pin(found: Backtest, pin: Pin) -> list[str]:
    first, second = found.model_versions
    shift = ", ".join(f"{name} {value:+.4f}" for name, value in pin["score_shift"].items())
    lines = [
        (
            f"a pin of {second} in place of {first}, as of {pin['as_of']}: {pin['relabelled']:,} "
            f"of {pin['customers']:,} customers change their label"
        ),
        f"  mean score {pin['mean_score'][0]:.4f} to {pin['mean_score'][1]:.4f}; shift {shift}",
    ]
    lines += [
        f"  {move['was']} to {move['becomes']}: {move['customers']:,}"
        for move in pin["labels"]
        if move["was"] != move["becomes"]
    ]
    return lines
