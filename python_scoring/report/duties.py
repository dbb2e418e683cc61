"""Open duties: what somebody still has to do about an incident."""

from python_scoring.report import words
from python_scoring.report.contents import Contents, Duty
from python_scoring.report.figure import Table


def table(contents: Contents) -> Table | None:
    """The duties that are not done, the most urgent first; None where nobody owes anything."""
    if not contents.duties:
        return None
    return Table(
        columns=("Duty", "Incident", "Owner", "Due", "State"),
        rows=[
            (
                _what(duty),
                duty.incident_id,
                duty.owner or words.NOTHING,
                words.day(duty.due_on),
                "■ overdue" if duty.is_overdue else "open",
            )
            for duty in contents.duties
        ],
        stacked=True,
    )


def _what(duty: Duty) -> str:
    what = words.name(duty.duty)
    return f"{what}: {words.lower_name(duty.subject)}" if duty.subject else what
