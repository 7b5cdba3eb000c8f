"""Use case: list the releases."""

from dataclasses import dataclass

from plexsphere.policy.ports.artifacts.releases import ReleasePage, Releases


@dataclass(frozen=True, slots=True)
class ListReleases:
    """Return up to `limit` releases behind a version, in the order of their versions as texts."""

    releases: Releases

    async def __call__(self, after: str, limit: int) -> ReleasePage:
        return await self.releases.page(after, limit)
