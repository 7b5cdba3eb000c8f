"""Denials, written before they are answered; floods of one caller's are counted instead (design D33)."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NoReturn, Protocol

from plexsphere.api.callers import Caller
from plexsphere.platform.kernel.audit import AuditEntry, AuditTrail, Outcome
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.correlation import CORRELATION_ID
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.subjects import Reference
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable, UnitOfWork

WINDOW_SECONDS: Final = 1.0
MOST_PER_WINDOW: Final = 10


class ChainOf(Protocol):
    """Knows whose audit chain an object belongs to."""

    async def __call__(self, resource: Reference, /) -> DomainId | None:
        """Return the Domain of an object that exists; None for the platform's, and for what does not exist."""
        ...


@dataclass(slots=True)
class Window:
    """What one caller was denied since `began`; what is folded is counted by relation."""

    caller: Caller
    began: float
    written: int = 0
    folded: dict[str, tuple[Reference, int]] = field(default_factory=dict)

    def fold(self, relation: str, resource: Reference, count: int = 1) -> None:
        """Count more; the relation's first object stands for all."""
        first, counted = self.folded.get(relation, (resource, 0))
        self.folded[relation] = (first, counted + count)

    def absorb(self, other: "Window") -> None:
        """Count what the other window counted."""
        for relation, (resource, count) in other.folded.items():
            self.fold(relation, resource, count)


class RecordedDenials:
    """
    Answers the port `Denials`.

    Up to 10 denials of a caller within a second have a row each, committed before this returns. What goes beyond is
    counted, and has one row for each kind of attempt once the second is over: those rows can be lost by a crash.
    """

    def __init__(self, unit_of_work: UnitOfWork, trail: AuditTrail, clock: Clock, chain_of: ChainOf) -> None:
        self._unit_of_work = unit_of_work
        self._trail = trail
        self._clock = clock
        self._chain_of = chain_of
        self._windows: dict[Reference, Window] = {}

    async def denied(self, caller: Caller, relation: str, permission: str, resource: Reference, /) -> None:
        window = self._window(caller)
        if window.written >= MOST_PER_WINDOW:
            window.fold(relation, resource)
            return
        window.written += 1
        chain = await self._chain_of(resource)
        missing = f"{resource.type}#{permission}"
        entry = _denial(chain, caller, relation, resource, {"missing_relation": missing})
        await self._write([entry])

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


def _folded(window: Window) -> Iterable[AuditEntry]:
    caller = window.caller
    for relation, (resource, count) in window.folded.items():
        yield _denial(caller.domain_id, caller, relation, resource, {"folded": count})


def _denial(
    chain: DomainId | None,
    caller: Caller,
    relation: str,
    resource: Reference,
    context: dict[str, int | str],
) -> AuditEntry:
    return AuditEntry(
        chain=chain,
        subject=str(caller.subject),
        relation=relation,
        object=resource,
        outcome=Outcome.PERMISSION_DENIED,
        caveat_context=context,
        correlation_id=CORRELATION_ID.get(),
    )
