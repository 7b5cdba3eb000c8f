"""One writer at a time for each object of a cluster, and one deadline for all he does."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from plexsphere.managed_push.application.deadline import (
    LEASE,
    LONGEST_PAUSE_SECONDS,
    PAUSE_SECONDS,
    READ_BACK_SECONDS,
    TOTAL_SECONDS,
)
from plexsphere.managed_push.application.settle_write import SettleWrite
from plexsphere.managed_push.domain.errors import ClusterConflict, ClusterUnreachable, OutcomeUnsure
from plexsphere.managed_push.domain.intent import Intent
from plexsphere.managed_push.ports.journal import Journal
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable

T = TypeVar("T")

LOG: Final = logging.getLogger("plexsphere.managed_push")


@dataclass(slots=True)
class Turn:
    """The intent that has the turn. `is_unsure` while a write may have reached the cluster without our knowing."""

    intent: Intent
    ends_at: float
    is_unsure: bool = False
    next_pause: float = PAUSE_SECONDS

    async def reading(self, answer: Awaitable[T]) -> T:
        """
        Return the answer to a question.

        Raises:
            ClusterUnreachable: not before the deadline; or whatever the question raises.
        """
        try:
            async with asyncio.timeout_at(self.ends_at):
                return await answer
        except TimeoutError as error:
            raise ClusterUnreachable from error

    async def writing(self, answer: Coroutine[Any, Any, T]) -> T:
        """
        Return the answer to a write.

        Raises:
            OutcomeUnsure: there was none in time; or whatever the write raises.
            ClusterUnreachable: too little time is left to begin one, and nothing was sent.
        """
        self._require_time(answer)
        self.is_unsure = True
        try:
            async with asyncio.timeout_at(self.ends_at - READ_BACK_SECONDS):
                return await answer
        except TimeoutError as error:
            raise OutcomeUnsure from error
        except (ClusterConflict, ClusterUnreachable) as error:
            self.is_unsure = isinstance(error, OutcomeUnsure)
            raise

    def _require_time(self, write: Coroutine[Any, Any, T]) -> None:
        if asyncio.get_running_loop().time() >= self.ends_at - READ_BACK_SECONDS:
            write.close()
            raise ClusterUnreachable

    def did_not_land(self, error: OutcomeUnsure) -> None:
        """Keep that the write is not there, and can only come if the cluster is still at it."""
        self.is_unsure = not error.is_over

    async def pause(self) -> None:
        """
        Let others go on for a moment, for a longer one each time.

        Raises:
            ClusterUnreachable: the deadline is over.
        """
        seconds, self.next_pause = self.next_pause, min(2 * self.next_pause, LONGEST_PAUSE_SECONDS)
        await self.reading(asyncio.sleep(seconds))

    def begin_anew(self) -> None:
        """Have the whole time again, for what must be undone."""
        self.ends_at = asyncio.get_running_loop().time() + TOTAL_SECONDS


@dataclass(frozen=True, slots=True)
class ObjectTurn:
    """
    Write the intent down as soon as no other of the object is open, and have the turn while the block lasts.

    Nothing is held while waiting, no connection and no lock. Whoever leaves with an error strikes the intent out, but
    for a write whose outcome is not known: that one stays, for the sweeper to settle past its lease.

    Raises:
        ClusterUnreachable: the turn did not come within 10 s.
        DomainNotFound: there is no such Domain any more.
    """

    journal: Journal
    settle_write: SettleWrite

    @asynccontextmanager
    async def __call__(
        self, intent: Intent, require_due: Callable[[], Awaitable[object]]
    ) -> AsyncGenerator[Turn]:
        turn = Turn(intent, asyncio.get_running_loop().time() + TOTAL_SECONDS)
        has_waited = await self._opened(turn, require_due)
        try:
            if has_waited:
                # The gates may have closed meanwhile.
                await require_due()
            yield turn
        except BaseException:
            # Whoever is cancelled before anything was sent leaves no turn taken, too.
            if not turn.is_unsure:
                await self._strike_out(intent)
            raise

    async def _opened(self, turn: Turn, require_due: Callable[[], Awaitable[object]]) -> bool:
        if await self.journal.open(turn.intent, LEASE):
            return False
        await self._settle_what_is_left(turn.intent)
        while not await self.journal.open(turn.intent, LEASE):
            await turn.pause()
            # Who had the turn may have done what this one came for.
            await require_due()
        return True

    async def _settle_what_is_left(self, intent: Intent) -> None:
        # A writer that is gone would keep the turn until the sweeper comes, and that may be long after the cluster is
        # back.
        left = await self.journal.overdue_at(intent)
        if left is not None:
            await self.settle_write.or_leave(left)

    async def _strike_out(self, intent: Intent) -> None:
        try:
            await self.journal.close(intent)
        except StoreUnavailable:
            LOG.warning("intent %s stays open until its lease is over: the database is away", intent.push_id)
