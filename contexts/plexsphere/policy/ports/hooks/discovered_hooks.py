"""Discovered hooks as they are listed."""

from dataclasses import dataclass
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId
from plexsphere.policy.domain.hooks.discovered_hook import DiscoveredHook


@dataclass(frozen=True, slots=True)
class HookFilter:
    """Which hooks are wanted; None wants all along that axis."""

    domain_id: DomainId | None = None
    project_id: ProjectId | None = None
    image_digest_match: bool | None = None


@dataclass(frozen=True, slots=True, order=True)
class HookPlace:
    """Where a hook stands in the listing: by node, then by name."""

    node_id: NodeId
    name: str


@dataclass(frozen=True, slots=True)
class ListedHook:
    """A discovered hook, and where it was found."""

    domain_id: DomainId
    node_id: NodeId
    hook: DiscoveredHook

    @property
    def place(self) -> HookPlace:
        """Return where it stands."""
        return HookPlace(self.node_id, self.hook.name)


@dataclass(frozen=True, slots=True)
class HookPage:
    """A page in the order of the places, and whether it is the last."""

    hooks: tuple[ListedHook, ...]
    is_last: bool


class DiscoveredHooks(Protocol):
    """What agents found in their clusters, as far as its digest can be shown."""

    async def hooks_page(self, wanted: HookFilter, after: HookPlace | None, limit: int, /) -> HookPage:
        """Return a page behind `after`."""
        ...
