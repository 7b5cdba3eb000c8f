"""What an authorizer answers."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a subject was refused."""

    OUT_OF_SCOPE = "out_of_scope"
    """The subject cannot even read the object."""
    INSUFFICIENT_RELATION = "insufficient_relation"
    """The subject reads the object, and what it asks for takes more."""
    UNKNOWN = "unknown"
    """The authorizer left this one object of several unanswered, which counts as a refusal (H49)."""


@dataclass(frozen=True, slots=True)
class Decision:
    """
    One answer: allowed, or refused for a reason.

    `relation_path` names the relations that were walked, nearest first, as `type#relation`. They come from the schema
    alone, so that a refusal tells nobody what is related to what; empty when nothing was walked.
    """

    allowed: bool
    reason: Reason | None = None
    relation_path: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.allowed is not (self.reason is None):
            raise ValueError("a refusal, and only a refusal, has a reason")
