"""A projection that keeps what it was told."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from plexsphere.platform.db.database import Database
from plexsphere.platform.events.alarm import Alarm
from plexsphere.platform.events.follower import Follower
from plexsphere.platform.events.log import EventLog
from plexsphere.platform.events.rows import Row
from plexsphere.platform.kernel.ids import DomainId


@dataclass
class Recorder:
    """Answers the follower's port `Projection`."""

    told: dict[DomainId, list[UUID]] = field(default_factory=dict)
    applied: list[Sequence[Row]] = field(default_factory=list)
    loads: int = 0
    reads: int = 0
    forgotten: list[DomainId] = field(default_factory=list)
    may_load: asyncio.Event = field(default_factory=asyncio.Event)
    may_tell: asyncio.Event = field(default_factory=asyncio.Event)
    is_telling: asyncio.Event = field(default_factory=asyncio.Event)
    grew: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        self.may_load.set()
        self.may_tell.set()

    async def load(self, domain_id: DomainId, /) -> None:
        self.loads += 1
        await self.may_load.wait()

    async def read(self, domain_id: DomainId, rows: Sequence[Row], /) -> Sequence[Row]:
        self.reads += 1
        return rows

    async def begin(self, domain_id: DomainId, loaded: None, newest: Iterable[Row], /) -> None:
        self.told[domain_id] = []

    def apply(self, domain_id: DomainId, change: Sequence[Row], /) -> None:
        self.applied.append(change)

    async def tell(self, domain_id: DomainId, rows: Sequence[Row], /) -> None:
        self.is_telling.set()
        await self.may_tell.wait()
        self.told[domain_id] += [row.subject for row in rows]
        async with self.grew:
            self.grew.notify_all()

    def forget(self, domain_id: DomainId, /) -> None:
        self.forgotten.append(domain_id)

    async def until_told(self, domain_id: DomainId, subject: UUID) -> None:
        """Wait until the subject was told of."""
        async with self.grew:
            await self.grew.wait_for(lambda: subject in self.told[domain_id])


def following(store: Database, recorder: Recorder, alarm: Alarm | None = None) -> Follower:
    """Return a follower that tells the recorder."""
    return Follower(store, EventLog(store), recorder, alarm or Alarm())
