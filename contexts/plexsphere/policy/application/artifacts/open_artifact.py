"""Use case: hand a released binary out (hardening H43, H44)."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from plexsphere.policy.domain.artifacts.artifact import Artifact, ArtifactName, Content
from plexsphere.policy.domain.artifacts.errors import (
    ArtifactUnavailable,
    InvalidArtifactName,
    ReleaseNotFound,
)
from plexsphere.policy.ports.artifacts.alerts import Alerts
from plexsphere.policy.ports.artifacts.artifact_store import ArtifactStore, ContentBroken
from plexsphere.policy.ports.artifacts.releases import Releases


@dataclass(frozen=True, slots=True)
class OpenedArtifact:
    """A binary that was found whole, and its octets part by part."""

    content: Content
    parts: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class OpenArtifact:
    """
    Give a binary whose content was just compared with its digest; operators are told of one that differs.

    The store is asked for a digest that the collection knows, never for what the caller wrote.
    """

    releases: Releases
    store: ArtifactStore
    alerts: Alerts

    @asynccontextmanager
    async def __call__(self, version: str, os: str, arch: str) -> AsyncGenerator[OpenedArtifact]:
        """
        Give the binary for as long as the block lasts.

        Raises:
            ReleaseNotFound: nothing of that name is handed out, or the text is no name.
            ArtifactUnavailable: the store does not hold what was released; also while reading the parts.
        """
        artifact = await self._found(version, os, arch)
        try:
            async with self.store.opened(artifact.content) as parts:
                yield OpenedArtifact(artifact.content, parts)
        except ContentBroken as broken:
            self.alerts.content_broken(artifact, broken.fault)
            raise ArtifactUnavailable from broken

    async def _found(self, version: str, os: str, arch: str) -> Artifact:
        try:
            name = ArtifactName(version, os, arch)
        except InvalidArtifactName:
            raise ReleaseNotFound from None
        artifact = await self.releases.find(name)
        if artifact is None:
            raise ReleaseNotFound
        return artifact
