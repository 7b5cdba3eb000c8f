"""What this surface needs from outside, in its own words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plexsphere.api.callers import CallingNode, Permitted
from plexsphere.api.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class ViolationView:
    """A violation: what was found where, and what became of it."""

    id: UUID
    node_id: UUID
    domain_id: UUID
    project_id: UUID
    kind: str
    status: str
    artifact_id: str
    detected_by: str
    expected: str
    observed: str
    detail: str
    detected_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str
    acknowledge_reason: str


@dataclass(frozen=True, slots=True)
class ViolationFilter:
    """Which violations are wanted; None, and an empty word, want all along that axis."""

    domain_id: UUID | None = None
    project_id: UUID | None = None
    node_id: UUID | None = None
    kind: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class ReportedViolation:
    """What an agent found; `kind` is binary, hook or host_key."""

    kind: str
    artifact_id: str
    detected_by: str
    expected: str = ""
    observed: str = ""
    detail: str = ""


class Integrity(Protocol):
    """The application behind the operators' half."""

    async def page(self, wanted: PageRequest, of: ViolationFilter, /) -> Page[ViolationView]:
        """Return a page of violations in the order of their detection, whoever may see them."""
        ...

    async def find(self, violation_id: UUID, /) -> ViolationView | None:
        """Return a violation, before anything is permitted: the caller of this may not show it yet."""
        ...

    async def acknowledge(self, permitted: Permitted, violation_id: UUID, reason: str, /) -> ViolationView:
        """
        Acknowledge an open violation; its audit row commits with it.

        Raises:
            Refusal: integrity_violation_not_found, illegal_transition.
        """
        ...


class ViolationReports(Protocol):
    """The application behind the nodes' half."""

    async def report(self, node: CallingNode, found: Sequence[ReportedViolation], /) -> datetime:
        """
        Keep what the node found, and return when.

        Raises:
            Refusal: node_not_found, when the node just left.
        """
        ...
