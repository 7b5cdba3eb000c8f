"""A claim about the whole database, and the statement that finds whatever breaks it."""

from dataclasses import dataclass
from typing import LiteralString


@dataclass(frozen=True)
class Invariant:
    """
    One claim of reference/hardening.md 5.4, by its number there.

    `offenders` returns one text for each row that breaks the claim, and nothing where it holds.
    """

    number: int
    claim: str
    offenders: LiteralString
