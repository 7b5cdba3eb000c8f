"""The changes that the mirror still has to repeat."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from plexsphere.identity.domain.tuple_change import OutboxRow


@dataclass(frozen=True, slots=True)
class Standing:
    """
    Where the mirror stands.

    `in_step` is false until a reconciliation has made the mirror equal, and again from the moment a process that has
    no mirror configured writes a tuple: such writes leave no row behind.
    """

    in_step: bool
    newest: int | None


class AuthzOutbox(Protocol):
    """Committed changes in the order in which they must be repeated (design D12); a repeated one is gone."""

    async def standing(self) -> Standing:
        """Return whether the mirror is in step, and the id of the newest waiting row."""
        ...

    async def is_mirrored(self, newest: int, /) -> bool:
        """Tell whether no row up to this id is waiting any more."""
        ...

    async def take_turn(self) -> bool:
        """Keep every other process from mirroring until the open unit of work ends; false when one already is."""
        ...

    async def await_turn(self) -> None:
        """Take the turn, after whoever has it.

        Raises:
            StoreOverloaded: it was not given up within the store's bounded wait.
        """
        ...

    async def oldest(self, limit: int, /) -> Sequence[OutboxRow]:
        """Return the rows to be repeated first."""
        ...

    async def forget(self, rows: Sequence[OutboxRow], zed_token: str, /) -> None:
        """Take away rows that were repeated up to the mirror's revision `zed_token`."""
        ...

    async def mark_in_step(self, zed_token: str, /) -> None:
        """Say that the mirror equals the tuples, waiting rows apart."""
        ...
