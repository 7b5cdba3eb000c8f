"""A fleet's standing as text."""

from plexd.protocol.events.verification import Rejection
from plexd.simulate.fleet import FleetReport


def table(report: FleetReport, seconds: float) -> list[str]:
    """Return the standing as rows for a live view."""
    totals = report.totals
    return [
        f"time        {int(seconds) // 60:02d}:{int(seconds) % 60:02d}",
        f"nodes       {report.enrolled:,} of {report.wanted:,} enrolled, {report.refused:,} refused, "
        f"{report.ended:,} ended",
        f"streams     {report.streaming:,} open, {totals.reconnects:,} reconnects",
        f"events      {totals.verified:,} verified, {totals.suspicious():,} rejected, "
        f"{totals.rejected[Rejection.REPLAYED]:,} repeated, {totals.disordered:,} out of order",
        f"states      {totals.states:,} fetched, {totals.states_unchanged:,} unchanged, "
        f"{totals.corrections:,} corrections",
        f"actions     {totals.requests:,} asked for, {totals.executions:,} executed, {totals.rejections:,} rejected, "
        f"{totals.rotations:,} key rotations",
        f"heartbeats  {totals.heartbeats:,}, p50 {_ms(report.p50)}, p99 {_ms(report.p99)}",
        f"failed      {totals.failed_calls:,} calls",
    ]


def line(report: FleetReport, seconds: float) -> str:
    """Return the standing as one line."""
    totals = report.totals
    return (
        f"{seconds:.0f}s enrolled={report.enrolled}/{report.wanted} refused={report.refused} "
        f"ended={report.ended} streams={report.streaming} reconnects={totals.reconnects} "
        f"verified={totals.verified} rejected={totals.suspicious()} disordered={totals.disordered} "
        f"heartbeats={totals.heartbeats} p50={_ms(report.p50, '')} p99={_ms(report.p99, '')} "
        f"failed_calls={totals.failed_calls}"
    )


def _ms(seconds: float | None, gap: str = " ") -> str:
    return "-" if seconds is None else f"{seconds * 1000:.1f}{gap}ms"
