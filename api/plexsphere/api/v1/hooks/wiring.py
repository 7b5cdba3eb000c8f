"""What this surface needs from outside, in its own words."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.api.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class HookView:
    """A hook as an agent found it, and whether its image is the one that the manifest declares."""

    node_id: UUID
    domain_id: UUID
    name: str
    image_digest: str
    image_digest_match: bool


@dataclass(frozen=True, slots=True)
class HookFilter:
    """Which hooks are wanted; None wants all along that axis."""

    domain_id: UUID | None = None
    project_id: UUID | None = None
    image_digest_match: bool | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows of a page were shown, of how many, and of how many it could not be told whether they may be."""

    shown: int
    persisted: int
    authz_errors: int


class Hooks(Protocol):
    """The application behind the surface: what agents found, and where a page is written down."""

    async def page(self, wanted: PageRequest, of: HookFilter, /) -> Page[HookView]:
        """Return a page of discovered hooks by node and name, whoever may see them."""
        ...

    def listed(self, permitted: Permitted, tally: Tally, /) -> None:
        """Note that a page was listed; never fails, for a read is not undone by its trail."""
        ...
