"""What this surface needs from outside, in its own words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plexsphere.api.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class CapabilityView:
    """What a node announced; `status` says how its binary compares with what was released."""

    node_id: UUID
    domain_id: UUID
    project_id: UUID
    binary_version: str
    binary_checksum: bytes
    status: str
    reported_at: datetime
    builtin_actions: Sequence[str]


@dataclass(frozen=True, slots=True)
class CapabilityFilter:
    """Whose capabilities are wanted; None, and an empty status, want all."""

    project_id: UUID
    node_id: UUID | None = None
    status: str = ""


class Capabilities(Protocol):
    """The application behind the surface."""

    async def announced(self, wanted: PageRequest, of: CapabilityFilter, /) -> Page[CapabilityView]:
        """Return a page of what nodes announced, by node; rows of another status are left out of it."""
        ...
