"""Everything of one kind that is sealed at rest."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

Place = tuple[UUID | str, ...]


class SealedKind(StrEnum):
    """What a sealed row is."""

    TARGET = "targets"
    PUSH = "pushes"
    INTENT = "intents"
    CHECK = "self-checks"


@dataclass(frozen=True, slots=True)
class Batch:
    """
    What became of some rows: `moved` were sealed anew, `overtaken` were changed by somebody else meanwhile, and
    `unopened` open under no key. They end at `last`, None where there were none.
    """

    last: Place | None
    moved: int = 0
    overtaken: int = 0
    unopened: int = 0


class SealedRows(Protocol):
    """The rows of one kind, in an order that stays."""

    @property
    def kind(self) -> SealedKind:
        """Return which kind that is."""
        ...

    async def reseal(self, after: Place | None, limit: int, /) -> Batch:
        """
        Seal anew, under the current key, what is sealed under the previous one among the next rows behind a place.

        A row is written only if it is still what was read; each is written on its own.
        """
        ...
