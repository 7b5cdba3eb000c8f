"""Use case: say of a release whether it is supported."""

from dataclasses import dataclass

from plexsphere.policy.domain.artifacts.artifact import Release, SupportStatus
from plexsphere.policy.domain.artifacts.errors import ReleaseNotFound
from plexsphere.policy.ports.artifacts.releases import Releases


@dataclass(frozen=True, slots=True)
class SetSupportStatus:
    """
    Change what is said of a release; withdrawn, it is handed out no more, and may be handed out again later.

    Raises:
        ReleaseNotFound: there is none of that version.
    """

    releases: Releases

    async def __call__(self, version: str, support_status: SupportStatus) -> Release:
        await self.releases.set_support_status(version, support_status)
        release = await self.releases.get(version)
        if release is None:
            raise ReleaseNotFound
        return release
