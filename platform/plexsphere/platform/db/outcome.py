"""What became of a commit whose answer was lost (hardening H19)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from psycopg import errors

from plexsphere.platform.kernel.unit_of_work import OutcomeUnknown, StoreUnavailable

PATIENCE_SECONDS: Final = 3.0
PAUSE_SECONDS: Final = 0.05

NOTE: Final = "SELECT pg_current_xact_id_if_assigned()::text, clock_timestamp()"
# A crashed server may hand out an id again whose transaction it forgot. `committed` is believed only while a session
# of ours is alive that began before the commit: no crash and no failover lies between.
ASK: Final = """
SELECT pg_xact_status(%s::text::xid8),
       EXISTS (SELECT FROM pg_stat_activity WHERE usename = current_user AND backend_start < %s)
"""

Fetch = Callable[[str, list[Any]], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Written:
    """What a commit is known by: its transaction id, None where nothing was written, and an instant before it."""

    transaction_id: str | None
    before: datetime

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return what the statement `NOTE` told."""
        return cls(*row)


async def require_committed(written: Written | None, fetch: Fetch) -> None:
    """
    Return when the commit took place after all; `fetch` asks on another connection.

    Raises:
        StoreUnavailable: it did not take place.
        OutcomeUnknown: it cannot be told within 3 s, or nothing was noted.
    """
    if written is None or written.transaction_id is None:
        raise OutcomeUnknown
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                status = await _status(written, fetch)
                if status == "committed":
                    return
                if status == "aborted":
                    raise StoreUnavailable
                await asyncio.sleep(PAUSE_SECONDS)
    except TimeoutError as error:
        raise OutcomeUnknown from error


async def _status(written: Written, fetch: Fetch) -> str:
    try:
        status, has_survivor = await fetch(ASK, [written.transaction_id, written.before])
    except errors.InvalidParameterValue:
        # An id of the future: the server crashed and forgot it.
        return "aborted"
    except StoreUnavailable:
        return "unreachable"
    if status == "committed" and not has_survivor:
        raise OutcomeUnknown
    return status or "forgotten"
