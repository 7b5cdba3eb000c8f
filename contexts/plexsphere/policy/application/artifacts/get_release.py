"""Use case: show a release."""

from dataclasses import dataclass

from plexsphere.policy.domain.artifacts.artifact import Release, is_version
from plexsphere.policy.domain.artifacts.errors import ReleaseNotFound
from plexsphere.policy.ports.artifacts.releases import Releases


@dataclass(frozen=True, slots=True)
class GetRelease:
    """
    Return a release with its binaries, whether withdrawn or not.

    Raises:
        ReleaseNotFound: there is none of that version, or the text is no version.
    """

    releases: Releases

    async def __call__(self, version: str) -> Release:
        release = await self.releases.get(version) if is_version(version) else None
        if release is None:
            raise ReleaseNotFound
        return release
