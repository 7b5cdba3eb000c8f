"""The artifacts surface, answered by the policy context."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from plexsphere.api.callers import Permitted
from plexsphere.api.paging import Page, PageRequest
from plexsphere.api.problem import Problem
from plexsphere.api.v1.artifacts import problems
from plexsphere.api.v1.artifacts.wiring import (
    ArtifactPath,
    ArtifactView,
    ArtifactWish,
    Download,
    PutView,
    ReleaseView,
)
from plexsphere.composition.bridges.granted import granted
from plexsphere.composition.bridges.translation import Translation
from plexsphere.composition.places import Places
from plexsphere.platform.kernel.audit import AuditTrail
from plexsphere.platform.kernel.correlation import CORRELATION_ID
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.application.artifacts.artifact_draft import ArtifactDraft
from plexsphere.policy.application.artifacts.get_release import GetRelease
from plexsphere.policy.application.artifacts.list_releases import ListReleases
from plexsphere.policy.application.artifacts.open_artifact import OpenArtifact
from plexsphere.policy.application.artifacts.put_artifact import PutArtifact
from plexsphere.policy.application.artifacts.set_support_status import SetSupportStatus
from plexsphere.policy.domain.artifacts import errors
from plexsphere.policy.domain.artifacts.artifact import Artifact, ArtifactName, Release, SupportStatus
from plexsphere.policy.domain.errors import PolicyError

PROBLEM_OF: Final[Mapping[type[PolicyError], Problem]] = {
    errors.InvalidArtifactName: problems.INVALID_ARTIFACT_NAME,
    errors.ReleaseNotFound: problems.RELEASE_NOT_FOUND,
    errors.ReleasedOtherwise: problems.ARTIFACT_CONFLICT,
    errors.ChecksumMismatch: problems.CHECKSUM_MISMATCH,
    errors.EmptyArtifact: problems.INVALID_BODY,
    errors.ArtifactUnavailable: problems.ARTIFACT_UNAVAILABLE,
}
LATER: Final[Mapping[type[Exception], Mapping[str, str]]] = {
    errors.ArtifactUnavailable: {"Retry-After": "60"}
}


def _detail(error: PolicyError) -> str:
    return "The body is empty." if isinstance(error, errors.EmptyArtifact) else ""


TRANSLATED: Final = Translation(PROBLEM_OF, _detail, LATER)


@dataclass(frozen=True, slots=True)
class ArtifactsBridge:
    """Answers the surface's port `Artifacts`."""

    unit_of_work: UnitOfWork
    trail: AuditTrail
    put_artifact: PutArtifact
    list_releases: ListReleases
    get_release: GetRelease
    change_support_status: SetSupportStatus
    places: Places

    async def page(self, permitted: Permitted, wanted: PageRequest, /) -> Page[ReleaseView]:
        """Return a page, by the versions."""
        page = await self.list_releases(wanted.position, wanted.limit)
        position = "" if page.is_last else page.releases[-1].version
        return Page(tuple(map(_release, page.releases)), position)

    async def get(self, permitted: Permitted, version: str, /) -> ReleaseView:
        """Return one."""
        with TRANSLATED:
            return _release(await self.get_release(version))

    def require_name(self, path: ArtifactPath, /) -> None:
        """Read the name."""
        with TRANSLATED:
            _name(path)

    async def take(self, permitted: Permitted, wish: ArtifactWish, parts: AsyncIterator[bytes], /) -> PutView:
        """Release what comes; the use case writes the audit row."""
        with TRANSLATED, self.places():
            put = await self.put_artifact(_draft(permitted, wish), parts)
        return PutView(put.artifact.name.version, _artifact(put.artifact), put.is_new)

    async def set_support_status(
        self, permitted: Permitted, version: str, support_status: str, /
    ) -> ReleaseView:
        """Change what is said of a release; its audit row commits with it."""
        with TRANSLATED:
            async with self.unit_of_work():
                release = await self.change_support_status(version, SupportStatus(support_status))
                self.trail.record(
                    granted(permitted, None, permitted.object, version=version, support_status=support_status)
                )
        return _release(release)


@dataclass(frozen=True, slots=True)
class DownloadsBridge:
    """Answers the surface's port `Downloads`."""

    open_artifact: OpenArtifact
    places: Places

    @asynccontextmanager
    async def download(self, node: str, path: ArtifactPath, /) -> AsyncGenerator[Download]:
        """Give the binary while there is a place for one more that fetches, and for one more of this node."""
        with TRANSLATED, self.places(node):
            async with self.open_artifact(path.version, path.os, path.arch) as opened:
                yield Download(opened.content.size, opened.parts)


def _draft(permitted: Permitted, wish: ArtifactWish) -> ArtifactDraft:
    return ArtifactDraft(
        name=_name(wish.path),
        author=permitted.caller.subject,
        correlation_id=CORRELATION_ID.get(),
        sha256=wish.sha256 or None,
        support_status=SupportStatus(wish.support_status) if wish.support_status else None,
    )


def _name(path: ArtifactPath) -> ArtifactName:
    return ArtifactName(path.version, path.os, path.arch)


def _release(release: Release) -> ReleaseView:
    return ReleaseView(
        version=release.version,
        support_status=release.support_status.value,
        verdict=release.verdict.value,
        artifacts=tuple(map(_artifact, release.artifacts)),
        created_at=release.created_at,
        updated_at=release.updated_at,
    )


def _artifact(artifact: Artifact) -> ArtifactView:
    name, content = artifact.name, artifact.content
    return ArtifactView(name.os, name.arch, content.sha256, content.size, artifact.verdict.value)
