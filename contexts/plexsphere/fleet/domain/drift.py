"""What a node found out of step and corrected (plexd.md, Reconciliation)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self
from uuid import UUID

MOST_CORRECTIONS: Final = 100
LONGEST_TYPE: Final = 64
LONGEST_DETAIL: Final = 512


@dataclass(frozen=True, slots=True)
class Correction:
    """One thing that was put right; both texts are the agent's own words and decide nothing."""

    type: str
    detail: str

    def cut(self) -> "Correction":
        """Return the correction with texts of bounded length."""
        return Correction(self.type[:LONGEST_TYPE], self.detail[:LONGEST_DETAIL])


@dataclass(frozen=True, slots=True)
class DriftReport:
    """What one reconciliation corrected; `reported_at` is our clock's (design D2)."""

    id: UUID
    reported_at: datetime
    corrections: tuple[Correction, ...]

    @classmethod
    def of(cls, report_id: UUID, reported_at: datetime, said: Sequence[Correction]) -> Self:
        """Return the report of what a node said: its first 100 corrections, since it may say any amount."""
        return cls(report_id, reported_at, tuple(each.cut() for each in said[:MOST_CORRECTIONS]))
