"""Use case: list discovered hooks (hooks-http-api.md)."""

from dataclasses import dataclass

from plexsphere.policy.ports.hooks.discovered_hooks import DiscoveredHooks, HookFilter, HookPage, HookPlace


@dataclass(frozen=True, slots=True)
class ListHooks:
    """
    Return a page of what agents found, of every Domain that the filter wants.

    It knows nothing of permissions and writes nothing down: both are the surface's.
    """

    hooks: DiscoveredHooks

    async def __call__(self, wanted: HookFilter, after: HookPlace | None, limit: int) -> HookPage:
        return await self.hooks.hooks_page(wanted, after, limit)
