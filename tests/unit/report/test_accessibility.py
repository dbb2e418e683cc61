"""Accessibility: axe-core finds nothing on the page, in a healthy and a bad month, light and dark.

Needs Chromium, and axe-core's `axe.min.js` (npm package `axe-core`), which AXE_CORE names.
"""

import html
import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from python_scoring.report.page import render
from python_scoring.report.records import (
    Attainment,
    Batch,
    Breach,
    CheckCount,
    Deadline,
    Duty,
    Finding,
    IncidentEvent,
    LabelSize,
    Move,
    Records,
    Run,
)
from tests.unit.report.test_causes import WEEK
from tests.unit.report.test_figures import CONTENTS, CONTRACT, NOW, SERVED

AXE = Path(os.environ.get("AXE_CORE", "axe.min.js"))
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
SIZES = {"desktop": "1280,900", "phone": "390,800"}

# Runs axe, and leaves what it found in the page.
RUN = """
<script>{axe}</script>
<script>axe.run(document).then(found => {{
  const result = document.createElement('pre'); result.id = 'axe-result';
  result.textContent = JSON.stringify(found.violations.map(each =>
    [each.id, each.nodes.map(node => node.html)]));
  document.body.append(result);
}});</script>
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (BROWSER and AXE.is_file()),
        reason="needs chromium, and AXE_CORE naming axe.min.js of the npm package axe-core",
    ),
]


def month(*, is_bad: bool) -> Records:
    """Thirty batches of churn, served and checked; in a bad month with all that can go wrong."""
    as_ofs = [NOW.replace(hour=0) - timedelta(days=back) for back in reversed(range(30))]
    runs = [f"run {number}" for number in range(30)]
    is_served = True
    outcome = "breached" if is_bad else "met"
    warned, blocked = (1, 1) if is_bad else (0, 0)
    healthy = replace(
        CONTENTS,
        contracts=[
            replace(CONTRACT, contract_json='{"labels": [{"name": "low"}, {"name": "high"}]}')
        ],
        attainment=[Attainment("churn", 90, 30, 30 - 30 * is_bad, 1.0 - is_bad, 0.99, not is_bad)],
        deadlines=[Deadline("churn", as_of, as_of, outcome) for as_of in as_ofs],
        runs=[
            Run(run, "churn", as_of, "published", "passed", as_of, number, is_served)
            for number, (run, as_of) in enumerate(zip(runs, as_ofs, strict=True))
        ],
        batches=[
            Batch(run, "churn", as_of, "published", is_served, "1.0.0", 900, 0.4, 0.1, 0.4, 0.9)
            for run, as_of in zip(runs, as_ofs, strict=True)
        ],
        check_counts=[CheckCount(run, "churn", "coverage", 1, warned, blocked, 1) for run in runs],
        label_sizes=[
            LabelSize(run, label, count)
            for run in runs
            for label, count in (("low", 895), ("high", 5))
        ],
        moves=[Move("run 29", "churn", "run 28", "low", after, 450) for after in ("low", "high")],
    )
    if not is_bad:
        return healthy
    finding = Finding("run 29", "churn", "coverage", "all", "block", "failed", "Few are left.")
    return replace(
        healthy,
        freshness=[
            replace(
                SERVED,
                freshness="stale",
                age_hours=127.0,
                action_allowed=False,
                action_blocked_reason="Too old. An incident is open.",
                last_attempt_status="failed",
                last_attempt_reason="no orders",
            )
        ],
        incidents=[each for each in WEEK if each.product == "churn"],
        events=[
            IncidentEvent(each.incident_id, "opened", each.opened_at, None, each.message)
            for each in WEEK
        ],
        breaches=[
            Breach("churn", "slot", as_ofs[-1], as_ofs[-1], "open", 3.0, "failed: no orders")
        ],
        duties=[Duty(WEEK[0].incident_id, "review", "root cause", "crm", NOW.date(), is_bad)],
        findings=[finding],
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("is_bad", [False, True], ids=["healthy", "bad"])
def test_axe_finds_nothing(tmp_path: Path, *, is_bad: bool, scheme: str, size: str) -> None:
    page = render(month(is_bad=is_bad))
    assert ('class="consequences"' in page) == is_bad
    # The page forbids scripts, and the browser has a scheme of its own.
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    wanted = "all" if scheme == "dark" else "not all"
    page = page.replace("(prefers-color-scheme: dark)", wanted)
    file = tmp_path / "page.html"
    file.write_text(page.replace("</body>", RUN.format(axe=AXE.read_text()) + "</body>"))
    assert BROWSER
    shown = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={SIZES[size]}",
         f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=60000", "--dump-dom",
         file.as_uri()],
        capture_output=True, text=True, check=True, timeout=300,
    ).stdout  # fmt: skip
    [found] = re.findall(r'<pre id="axe-result">(.*?)</pre>', shown, re.DOTALL)
    assert json.loads(html.unescape(found)) == []
