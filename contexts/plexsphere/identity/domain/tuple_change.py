"""What happened to a triple, for the mirror to repeat."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from plexsphere.identity.domain.relation_tuple import Triple


class Operation(StrEnum):
    """What became of the triple."""

    TOUCH = "touch"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class TupleChange:
    """One triple, there or gone."""

    operation: Operation
    triple: Triple


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A committed change that the mirror has not repeated yet; of one triple, a later change has a higher id."""

    id: int
    change: TupleChange


def settled(changes: Iterable[TupleChange]) -> list[TupleChange]:
    """Return the last change of every triple: all that several changes together leave behind."""
    last = {change.triple: change for change in changes}
    return list(last.values())
