"""Discovered hooks in memory."""

from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId
from plexsphere.policy.domain.hooks.discovered_hook import DiscoveredHook
from plexsphere.policy.ports.hooks.discovered_hooks import HookFilter, HookPage, HookPlace, ListedHook


class MemoryDiscoveredHooks:
    """Hooks in a dictionary by their places; can be made to fail, and counts how often it was asked."""

    def __init__(self) -> None:
        self.kept: dict[HookPlace, tuple[ListedHook, ProjectId]] = {}
        self.failure: Exception | None = None
        self.asked = 0

    def add(self, domain_id: DomainId, project_id: ProjectId, node_id: NodeId, hook: DiscoveredHook) -> None:
        """Let a node have found a hook."""
        listed = ListedHook(domain_id, node_id, hook)
        self.kept[listed.place] = listed, project_id

    async def hooks_page(self, wanted: HookFilter, after: HookPlace | None, limit: int, /) -> HookPage:
        self.asked += 1
        if self.failure:
            raise self.failure
        places = [place for place in sorted(self.kept) if after is None or place > after]
        rows = [self.kept[place][0] for place in places if self._is_wanted(wanted, place)]
        return HookPage(tuple(rows[:limit]), len(rows) <= limit)

    def _is_wanted(self, wanted: HookFilter, place: HookPlace) -> bool:
        listed, project_id = self.kept[place]
        return (
            listed.hook.is_listed
            and wanted.domain_id in (None, listed.domain_id)
            and wanted.project_id in (None, project_id)
            and wanted.image_digest_match in (None, listed.hook.image_digest_match)
        )
