"""Results as they are stored, and the results they mean."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from plexsphere.policy.domain.actions.report import Report, TriggeredBy
from plexsphere.policy.domain.actions.status import TargetStatus


def stored(report: Report) -> dict[str, Any]:
    """Return the JSON of a report; equal reports give equal JSON."""
    by = report.triggered_by
    return {
        "status": report.status.value,
        "exit_code": report.exit_code,
        "stdout": report.stdout,
        "stderr": report.stderr,
        "duration": report.duration,
        "finished_at": report.finished_at and report.finished_at.isoformat(),
        "triggered_by": [by.type, by.session_id, by.user_id, by.email],
    }


def report_of(document: Mapping[str, Any] | None) -> Report | None:
    """Return the report that was stored, if there is one."""
    return None if document is None else reported(document)


def reported(document: Mapping[str, Any]) -> Report:
    """Return the report that was stored."""
    finished_at = document["finished_at"]
    return Report(
        status=TargetStatus(document["status"]),
        exit_code=document["exit_code"],
        stdout=document["stdout"],
        stderr=document["stderr"],
        duration=document["duration"],
        finished_at=finished_at and datetime.fromisoformat(finished_at),
        triggered_by=TriggeredBy(*document["triggered_by"]),
    )
