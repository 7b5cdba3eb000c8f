"""Denials, written before they are answered; floods of one caller's are counted instead (design D33)."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NoReturn, Protocol

from plexsphere.api.callers import Caller
from plexsphere.platform.kernel.audit import AuditEntry, AuditTrail, Outcome
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.correlation import CORRELATION_ID
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, Reference
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable, UnitOfWork

WINDOW_SECONDS: Final = 1.0
MOST_PER_WINDOW: Final = 10
MOST_CHAINS: Final = 64


class ChainOf(Protocol):
    """Knows whose audit chain an object belongs to."""

    async def __call__(self, resource: Reference, /) -> DomainId | None:
        """Return the Domain of an object that exists; None for the platform's, and for what does not exist."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a denial is told: in a Domain's chain or the platform's, there apart for what really is the platform."""

    chain: DomainId | None
    is_real: bool


NOWHERE: Final = Place(None, is_real=False)


@dataclass(slots=True)
class Folded:
    """How often one kind of attempt was made, and on which object first."""

    first: Reference
    count: int = 0


@dataclass(slots=True)
class Window:
    """
    What one caller was denied since `began`; what has no row of its own is counted by place and relation.

    At most 64 places are told apart, and what is tried beyond them is counted as tried nowhere: memory and rows stay
    bounded by that number for each caller.
    """

    caller: Caller
    began: float
    written: int = 0
    opened: set[Place] = field(default_factory=set)
    folded: dict[Place, dict[str, Folded]] = field(default_factory=dict)

    def admit(self, place: Place) -> bool:
        """Tell whether a denial has a row of its own: one of the first few, or the first at a place that is real."""
        is_first = place.is_real and place not in self.opened and len(self.opened) < MOST_CHAINS
        if is_first:
            self.opened.add(place)
        if not is_first and self.written >= MOST_PER_WINDOW:
            return False
        self.written += 1
        return True

    def fold(self, place: Place, relation: str, resource: Reference, count: int = 1) -> None:
        """Count more; the first object of a place and relation stands for all."""
        if place not in self.folded and len(self.folded) >= MOST_CHAINS:
            place = NOWHERE
        of_place = self.folded.setdefault(place, {})
        of_place.setdefault(relation, Folded(resource)).count += count

    def absorb(self, other: "Window") -> None:
        """Count what the other window counted."""
        for place, relation, folded in other.counts():
            self.fold(place, relation, folded.first, folded.count)

    def counts(self) -> Iterator[tuple[Place, str, Folded]]:
        """Yield everything that was counted."""
        for place, of_place in self.folded.items():
            for relation, folded in of_place.items():
                yield place, relation, folded


class RecordedDenials:
    """
    Answers the port `Denials`.

    Up to 10 denials of a caller within a second have a row each, and so has the first in every chain, committed before
    this returns. What goes beyond is counted, and has one row for each chain and kind of attempt once the second is
    over, which names the first object: those rows can be lost by a crash.
    """

    def __init__(self, unit_of_work: UnitOfWork, trail: AuditTrail, clock: Clock, chain_of: ChainOf) -> None:
        self._unit_of_work = unit_of_work
        self._trail = trail
        self._clock = clock
        self._chain_of = chain_of
        self._windows: dict[Reference, Window] = {}

    async def denied(self, caller: Caller, relation: str, permission: str, resource: Reference, /) -> None:
        place = await self._place(resource)
        window = self._window(caller)
        if not window.admit(place):
            window.fold(place, relation, resource)
            return
        missing = f"{resource.type}#{permission}"
        entry = _denial(place, caller, relation, resource, {"missing_relation": missing})
        try:
            await self._write([entry])
        except BaseException:
            window.opened.discard(place)
            raise

    async def flush(self) -> None:
        """
        Write down what was counted in seconds that are over.

        Raises:
            StoreUnavailable: nothing was written; it is tried again with the next flush.
        """
        await self._settle([window for window in self._windows.values() if self._is_over(window)])

    async def close(self) -> None:
        """
        Write down everything that was counted, also in the second at hand; to be called at the end.

        Raises:
            StoreUnavailable: nothing was written.
        """
        await self._settle(list(self._windows.values()))

    async def watch(self) -> NoReturn:
        """Flush every second until cancelled."""
        while True:
            await asyncio.sleep(WINDOW_SECONDS)
            with suppress(StoreUnavailable):
                await self.flush()

    async def _place(self, resource: Reference) -> Place:
        chain = await self._chain_of(resource)
        is_real = chain is not None or resource == PLATFORM_OBJECT
        return Place(chain, is_real=True) if is_real else NOWHERE

    def _window(self, caller: Caller) -> Window:
        window = self._windows.get(caller.subject)
        if window is None or (self._is_over(window) and not window.folded):
            window = self._windows[caller.subject] = Window(caller, self._clock.monotonic())
        return window

    async def _settle(self, windows: Sequence[Window]) -> None:
        for window in windows:
            del self._windows[window.caller.subject]
        entries = [entry for window in windows for entry in _folded(window)]
        try:
            if entries:
                await self._write(entries)
        except BaseException:
            self._take_back(windows)
            raise

    def _take_back(self, windows: Iterable[Window]) -> None:
        for window in windows:
            standing = self._windows.setdefault(window.caller.subject, window)
            if standing is not window:
                standing.absorb(window)

    def _is_over(self, window: Window) -> bool:
        return self._clock.monotonic() - window.began >= WINDOW_SECONDS

    async def _write(self, entries: Iterable[AuditEntry]) -> None:
        async with self._unit_of_work():
            for entry in entries:
                self._trail.record(entry)


def _folded(window: Window) -> Iterator[AuditEntry]:
    for place, relation, folded in window.counts():
        yield _denial(place, window.caller, relation, folded.first, {"folded": folded.count})


def _denial(
    place: Place,
    caller: Caller,
    relation: str,
    resource: Reference,
    context: dict[str, int | str],
) -> AuditEntry:
    return AuditEntry(
        chain=place.chain,
        subject=str(caller.subject),
        relation=relation,
        object=resource,
        outcome=Outcome.PERMISSION_DENIED,
        caveat_context=context,
        correlation_id=CORRELATION_ID.get(),
    )
