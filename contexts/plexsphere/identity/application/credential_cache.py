"""Proven credentials, remembered for as long as nobody can have revoked them (design D9)."""

import asyncio
import math
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Generic, NoReturn, TypeVar

from plexsphere.identity.ports.credential_epochs import CredentialEpochs
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable

P = TypeVar("P")

FRESH_SECONDS: Final = 2.0
READ_EVERY_SECONDS: Final = 0.5
# A process with too much to do is answered late; a reading that begins meanwhile keeps its crowd from the database.
READINGS_AT_ONCE: Final = 2
CAPACITY: Final = 100_000


@dataclass(frozen=True, slots=True)
class Ticket:
    """A moment before a lookup; what the lookup finds is remembered only if nothing was revoked since."""

    generation: int
    at: float


@dataclass(frozen=True, slots=True)
class _Entry(Generic[P]):
    principal: P
    until: float


class CredentialCache(Generic[P]):
    """
    Remembers whom a bearer proved, keyed by the SHA-256 of its text.

    An entry counts only while this process has read the epoch within the last two seconds, counted from the start
    of that read, and found the epoch under which the entry was made. The least recently used entry goes first.
    """

    def __init__(self, epochs: CredentialEpochs, clock: Clock, capacity: int = CAPACITY) -> None:
        self._epochs = epochs
        self._clock = clock
        self._capacity = capacity
        self._entries: OrderedDict[bytes, _Entry[P]] = OrderedDict()
        self._epoch: int | None = None
        self._read_at = -math.inf
        self._generation = 0
        epochs.follow(self.drop)

    def cached(self, text_digest: bytes) -> P | None:
        """Return whom the bearer with this digest proved, or None when that must be looked up."""
        entry = self._entries.get(text_digest)
        if entry is None:
            return None
        now = self._clock.monotonic()
        if now >= self._read_at + FRESH_SECONDS or now >= entry.until:
            return None
        self._entries.move_to_end(text_digest)
        return entry.principal

    def ticket(self) -> Ticket:
        """Return the moment before a lookup."""
        return Ticket(self._generation, self._clock.monotonic())

    def remember(
        self, text_digest: bytes, principal: P, ticket: Ticket, seconds_left: float = math.inf
    ) -> None:
        """Remember what a lookup begun at the ticket proved; it proves it for so many seconds at most."""
        if ticket.generation != self._generation:
            return
        self._entries[text_digest] = _Entry(principal, ticket.at + seconds_left)
        self._entries.move_to_end(text_digest)
        while len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

    def drop(self) -> None:
        """Forget everything, what is being looked up at this moment included."""
        self._generation += 1
        self._entries.clear()

    async def refresh(self) -> None:
        """
        Read the epoch, and forget everything if it moved.

        Raises:
            StoreUnavailable: it could not be read; entries go on ageing.
        """
        # Counted from before the read: a revocation committed after it began may be missing from its answer.
        begun = self._clock.monotonic()
        epoch = await self._epochs.read()
        if begun < self._read_at:
            # One that began later was answered before.
            return
        if epoch != self._epoch:
            self.drop()
        self._epoch = epoch
        self._read_at = begun

    async def watch(self) -> NoReturn:
        """Keep the cache fresh until cancelled; a reading that is answered late does not put off the next."""
        places = asyncio.Semaphore(READINGS_AT_ONCE)
        async with asyncio.TaskGroup() as readings:
            while True:
                await places.acquire()
                readings.create_task(self._read_once(places))
                await asyncio.sleep(READ_EVERY_SECONDS)

    async def _read_once(self, places: asyncio.Semaphore) -> None:
        # While the store is away the entries age out, and lookups say so to the callers.
        try:
            with suppress(StoreUnavailable):
                await self.refresh()
        finally:
            places.release()
