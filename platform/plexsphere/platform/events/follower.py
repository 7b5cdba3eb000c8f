"""The follower: brings this process's views forward, strictly in log order (design D17, D18, D23)."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from plexsphere.platform.db.database import Database
from plexsphere.platform.events.alarm import Alarm
from plexsphere.platform.events.log import EventLog
from plexsphere.platform.events.rows import Row
from plexsphere.platform.events.tail import Tail
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable

LOG: Final = logging.getLogger("plexsphere.follower")

T = TypeVar("T")

POLL_SECONDS: Final = 1.0
BATCH_ROWS: Final = 1_000
# What a process reads of a log it has just met: after a restart a whole fleet comes back and asks for the last
# moments, which are answered from memory then.
WARM_ROWS: Final = 10_000
WARM_NAMES: Final = 100_000
WARM_BATCH_ROWS: Final = 500


class Projection(Protocol):
    """What a process keeps in memory of the Domains it follows."""

    async def load(self, domain_id: DomainId, /) -> Any:
        """Read everything of a Domain, inside a snapshot, and return it."""
        ...

    async def read(self, domain_id: DomainId, rows: Sequence[Row], /) -> Any:
        """
        Read again what the rows are about and return it; the rows were committed before this is called.

        Raises:
            DomainGone: the Domain was deleted meanwhile.
        """
        ...

    async def begin(self, domain_id: DomainId, loaded: Any, newest: Iterable[Row], /) -> None:
        """
        Take over what `load` returned; nothing is awaited behind its last step, with which the Domain is known.

        `newest` are the last rows that it holds already, in order: nobody is told of them any more.
        """
        ...

    def apply(self, domain_id: DomainId, change: Any, /) -> None:
        """Take over what `read` returned; no await lies between this and the tail's growth."""
        ...

    async def tell(self, domain_id: DomainId, rows: Sequence[Row], /) -> None:
        """Tell the local streams about rows that the view holds now."""
        ...

    def forget(self, domain_id: DomainId, /) -> None:
        """Drop a Domain that has no log any more, and end its streams."""
        ...


class DomainGone(Exception):
    """The Domain has no log: it was never opened, or it was deleted."""


@dataclass(slots=True)
class Followed:
    """A Domain in memory; who holds `turn` brings it forward, and `next_round` is a catching up not begun yet."""

    tail: Tail
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    next_round: asyncio.Task[None] | None = None


class Follower:
    """
    Follows the Domains this process has had to do with.

    What is read for several callers is read in a task of its own: a caller may be inside a unit of work, whose
    uncommitted rows are nobody else's business, and may be cancelled, which must not keep a row from a stream.
    """

    def __init__(self, database: Database, log: EventLog, projection: Projection, alarm: Alarm) -> None:
        self._database = database
        self._log = log
        self._projection = projection
        self._alarm: Final = alarm
        self._followed: Final[dict[DomainId, Followed]] = {}
        self._loading: Final[dict[DomainId, asyncio.Task[Tail]]] = {}
        self._tasks: Final[set[asyncio.Task[Any]]] = set()
        self.lag = 0

    def tail(self, domain_id: DomainId) -> Tail | None:
        """Return the tail of a followed Domain."""
        followed = self._followed.get(domain_id)
        return followed.tail if followed else None

    async def follow(self, domain_id: DomainId) -> Tail:
        """
        Return the Domain's tail, loading the Domain first when this process meets it.

        Raises:
            DomainGone: there is no such Domain.
            StoreUnavailable: it is not in memory and cannot be read.
        """
        followed = self._followed.get(domain_id)
        if followed is not None:
            return followed.tail
        loading = self._loading.get(domain_id)
        if loading is None:
            loading = self._loading[domain_id] = self._apart(self._load(domain_id))
            loading.add_done_callback(lambda _: self._loading.pop(domain_id))
        return await asyncio.shield(loading)

    async def catch_up(self, domain_id: DomainId, offset: int) -> None:
        """
        Ask the database when somebody has seen a newer offset of a Domain than this process (design D25).

        What committed but has no offset yet is known afterwards, too. However many ask at once, the database is
        asked once for those who wait.

        Raises:
            StoreUnavailable: the database cannot be asked.
        """
        followed = self._followed.get(domain_id)
        if followed is None or followed.tail.last >= offset:
            return
        if followed.next_round is None:
            followed.next_round = self._apart(self._round(domain_id, followed))
        await asyncio.shield(followed.next_round)

    async def run(self) -> None:
        """Follow until cancelled: when the alarm sounds, and every second."""
        while True:
            try:
                await self.poll()
            except StoreUnavailable:
                LOG.warning("the database is away; following resumes when it is back")
            await self._alarm.rest(POLL_SECONDS)

    async def poll(self) -> None:
        """Bring every followed Domain up to its head; `lag` tells how many rows that were at the beginning."""
        known = {domain_id: (each, each.tail.last) for domain_id, each in self._followed.items()}
        if not known:
            return
        heads = await self._log.heads(list(known))
        self.lag = sum(max(0, heads.get(domain_id, 0) - last) for domain_id, (_, last) in known.items())
        for domain_id, (followed, last) in known.items():
            async with followed.turn:
                await self._bring_forward_or_drop(domain_id, followed, last, heads.get(domain_id))

    async def _bring_forward_or_drop(
        self, domain_id: DomainId, followed: Followed, last: int, head: int | None
    ) -> None:
        try:
            await self._bring_forward(domain_id, followed, last, head)
        except StoreUnavailable:
            raise
        except Exception as error:
            # One Domain's rows that cannot be read must not hold up the others: it is told, its streams end, and
            # it is loaded anew when somebody asks for it.
            LOG.error("a Domain cannot be followed (%s)", type(error).__name__, exc_info=error)
            self._drop(domain_id)

    async def _round(self, domain_id: DomainId, followed: Followed) -> None:
        async with followed.turn:
            # Whoever asks from here on may know of something newer, and waits for another round.
            followed.next_round = None
            last = followed.tail.last
            heads = await self._log.heads([domain_id])
            await self._bring_forward(domain_id, followed, last, heads.get(domain_id))
            await self._refresh(domain_id, followed)

    async def _bring_forward(
        self, domain_id: DomainId, followed: Followed, last: int, head: int | None
    ) -> None:
        if self._followed.get(domain_id) is not followed:
            return
        if head is None or head < last:
            # The Domain is gone, or the database was set back to an older state.
            self._drop(domain_id)
            return
        try:
            await self._advance(domain_id, followed.tail, head)
        except DomainGone:
            self._drop(domain_id)

    async def _advance(self, domain_id: DomainId, tail: Tail, head: int) -> None:
        while tail.last < head:
            rows = await self._log.after(domain_id, tail.last, BATCH_ROWS)
            if not rows or rows[0].offset != tail.last + 1:
                LOG.warning("rows of a Domain were pruned before they were read; it is loaded again")
                raise DomainGone(domain_id)
            change = await self._projection.read(domain_id, rows)
            for row in rows:
                tail.append(row)
            self._projection.apply(domain_id, change)
            await self._projection.tell(domain_id, rows)

    async def _refresh(self, domain_id: DomainId, followed: Followed) -> None:
        if self._followed.get(domain_id) is not followed:
            return
        try:
            self._projection.apply(domain_id, await self._projection.read(domain_id, ()))
        except DomainGone:
            self._drop(domain_id)

    async def _load(self, domain_id: DomainId) -> Tail:
        async with self._database.snapshot():
            heads = await self._log.heads([domain_id])
            if domain_id not in heads:
                raise DomainGone(domain_id)
            tail = await self._warm_tail(domain_id, heads[domain_id])
            loaded = await self._projection.load(domain_id)
        await self._projection.begin(domain_id, loaded, tail.rows)
        self._followed[domain_id] = Followed(tail)
        return tail

    async def _warm_tail(self, domain_id: DomainId, head: int) -> Tail:
        newest_first: list[Row] = []
        names, upto = WARM_NAMES, head
        while len(newest_first) < WARM_ROWS:
            rows = await self._log.latest(domain_id, upto, WARM_BATCH_ROWS, names)
            newest_first += rows
            names -= sum(row.names for row in rows)
            upto -= len(rows)
            if len(rows) < WARM_BATCH_ROWS:
                break
        tail = Tail(head - len(newest_first))
        for row in reversed(newest_first):
            tail.append(row)
        return tail

    def _drop(self, domain_id: DomainId) -> None:
        del self._followed[domain_id]
        self._projection.forget(domain_id)

    def _apart(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
