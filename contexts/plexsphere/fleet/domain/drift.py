"""What a node found out of step and corrected (plexd.md, Reconciliation)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Correction:
    """One thing that was put right; both texts are the agent's own words and decide nothing."""

    type: str
    detail: str


@dataclass(frozen=True, slots=True)
class DriftReport:
    """Everything one reconciliation corrected; `reported_at` is our clock's (design D2)."""

    id: UUID
    reported_at: datetime
    corrections: tuple[Correction, ...]
