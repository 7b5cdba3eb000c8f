"""Use case: move everything sealed from the previous wrap key to the current one."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from plexsphere.managed_push.ports.sealed_rows import Batch, SealedKind, SealedRows

# A prior state may be megabytes long.
AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many rows of a kind were moved, and how many open under neither key."""

    kind: SealedKind
    moved: int
    unopened: int


@dataclass(frozen=True, slots=True)
class Reseal:
    """
    Leave nothing sealed under the previous key, and say how much there was.

    It works beside processes that serve, and may be interrupted and run again. The self-check is to be the last of
    `every`: as long as something is left, who starts without the previous key is told.
    """

    every: Sequence[SealedRows]

    async def __call__(self) -> list[Resealed]:
        return [await _moved(rows) for rows in self.every]


async def _moved(rows: SealedRows) -> Resealed:
    moved = 0
    while True:
        found = [batch async for batch in _batches(rows)]
        moved += sum(batch.moved for batch in found)
        # A row that another process wrote meanwhile may lie behind: only a round that finds nothing is the last.
        if not any(batch.moved or batch.overtaken for batch in found):
            return Resealed(rows.kind, moved, sum(batch.unopened for batch in found))


async def _batches(rows: SealedRows) -> AsyncIterator[Batch]:
    batch = await rows.reseal(None, AT_ONCE)
    while batch.last is not None:
        yield batch
        batch = await rows.reseal(batch.last, AT_ONCE)
