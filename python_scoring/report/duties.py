"""Open duties after incidents."""

from python_scoring.report import formatting
from python_scoring.report.figure import Table
from python_scoring.report.records import Duty, Records


def table(records: Records) -> Table | None:
    """Duties that are not done, the most urgent first; None if there are none."""
    if not records.duties:
        return None
    return Table(
        columns=("Duty", "Incident", "Owner", "Due", "State"),
        rows=[
            (
                _what(duty),
                duty.incident_id,
                duty.owner or formatting.NOTHING,
                formatting.day(duty.due_on),
                "■ overdue" if duty.is_overdue else "open",
            )
            for duty in records.duties
        ],
        stacked=True,
    )


def _what(duty: Duty) -> str:
    what = formatting.name(duty.duty)
    return f"{what}: {formatting.lower_name(duty.subject)}" if duty.subject else what
