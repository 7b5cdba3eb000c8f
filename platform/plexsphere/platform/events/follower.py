"""The follower: brings this process's views forward, strictly in log order (design D17, D18, D23)."""

import asyncio
import logging
from collections.abc import Sequence
from contextvars import Context
from typing import Any, Final, Protocol

from plexsphere.platform.db.database import Database
from plexsphere.platform.events.alarm import Alarm
from plexsphere.platform.events.log import EventLog
from plexsphere.platform.events.rows import Row
from plexsphere.platform.events.tail import Tail
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable

LOG: Final = logging.getLogger("plexsphere.follower")

POLL_SECONDS: Final = 1.0
BATCH_ROWS: Final = 1_000


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

    def begin(self, domain_id: DomainId, loaded: Any, /) -> None:
        """Take over what `load` returned; no await lies between this and the tail's beginning."""
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


class Follower:
    """Follows the Domains this process has had to do with."""

    def __init__(self, database: Database, log: EventLog, projection: Projection, alarm: Alarm) -> None:
        self._database = database
        self._log = log
        self._projection = projection
        self._tails: Final[dict[DomainId, Tail]] = {}
        self._loading: Final[dict[DomainId, asyncio.Lock]] = {}
        self._turn: Final = asyncio.Lock()
        self._alarm: Final = alarm

    def tail(self, domain_id: DomainId) -> Tail | None:
        """Return the tail of a followed Domain."""
        return self._tails.get(domain_id)

    async def follow(self, domain_id: DomainId) -> Tail:
        """
        Return the Domain's tail, loading the Domain first when this process meets it.

        Raises:
            DomainGone: there is no such Domain.
            StoreUnavailable: it is not in memory and cannot be read.
        """
        tail = self._tails.get(domain_id)
        if tail is not None:
            return tail
        async with self._loading.setdefault(domain_id, asyncio.Lock()):
            return self._tails.get(domain_id) or await self._load_apart(domain_id)

    async def catch_up(self, domain_id: DomainId, offset: int) -> None:
        """
        Ask the database when somebody has seen a newer offset of a Domain than this process (design D25).

        What committed but has no offset yet is known afterwards, too.
        """
        tail = self._tails.get(domain_id)
        if tail is None or tail.last >= offset:
            return
        await self.poll()
        async with self._turn:
            await self._refresh(domain_id)

    async def run(self) -> None:
        """Follow until cancelled: when the alarm sounds, and every second."""
        while True:
            try:
                await self.poll()
            except StoreUnavailable:
                LOG.warning("the database is away; following resumes when it is back")
            await self._alarm.rest(POLL_SECONDS)

    async def poll(self) -> None:
        """Bring every followed Domain up to its head."""
        async with self._turn:
            if not self._tails:
                return
            heads = await self._log.heads(list(self._tails))
            for domain_id in [each for each in self._tails if each not in heads]:
                self._drop(domain_id)
            for domain_id, head in heads.items():
                await self._advance(domain_id, self._tails[domain_id], head)

    async def _advance(self, domain_id: DomainId, tail: Tail, head: int) -> None:
        while tail.last < head:
            rows = await self._log.after(domain_id, tail.last, BATCH_ROWS)
            if not rows:
                return
            try:
                change = await self._projection.read(domain_id, rows)
            except DomainGone:
                self._drop(domain_id)
                return
            for row in rows:
                tail.append(row)
            self._projection.apply(domain_id, change)
            await self._projection.tell(domain_id, rows)

    async def _refresh(self, domain_id: DomainId) -> None:
        if domain_id not in self._tails:
            return
        try:
            self._projection.apply(domain_id, await self._projection.read(domain_id, ()))
        except DomainGone:
            self._drop(domain_id)

    async def _load_apart(self, domain_id: DomainId) -> Tail:
        # Whoever asks may be inside a unit of work, in which no snapshot is taken: the load has a task and a
        # context of its own, and sees what is committed.
        return await asyncio.create_task(self._load(domain_id), context=Context())

    async def _load(self, domain_id: DomainId) -> Tail:
        async with self._database.snapshot():
            heads = await self._log.heads([domain_id])
            if domain_id not in heads:
                raise DomainGone(domain_id)
            loaded = await self._projection.load(domain_id)
        self._projection.begin(domain_id, loaded)
        return self._tails.setdefault(domain_id, Tail(heads[domain_id]))

    def _drop(self, domain_id: DomainId) -> None:
        del self._tails[domain_id]
        self._projection.forget(domain_id)
