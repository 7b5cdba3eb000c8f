"""Use case: release a binary of the agent."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from plexsphere.platform.kernel.audit import AuditEntry, AuditTrail
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.application.artifacts.artifact_draft import ArtifactDraft
from plexsphere.policy.domain.artifacts.artifact import Artifact, Content, Verdict
from plexsphere.policy.domain.artifacts.errors import (
    ArtifactUnavailable,
    ChecksumMismatch,
    ReleasedOtherwise,
)
from plexsphere.policy.ports.artifacts.alerts import Alerts
from plexsphere.policy.ports.artifacts.artifact_store import ArtifactStore, Staged, StoreUnusable
from plexsphere.policy.ports.artifacts.releases import Releases

PUT: Final = "artifact.put"


@dataclass(frozen=True, slots=True)
class Put:
    """A released binary; `is_new` unless the very same was released before."""

    artifact: Artifact
    is_new: bool


@dataclass(frozen=True, slots=True)
class PutArtifact:
    """
    Keep what comes, and release it under its name.

    No transaction is open while it comes. The content is part of the store before the release commits, so that what is
    released can be fetched; one whose release did not commit belongs to nobody and is swept. What is said to be another
    content than the name's is refused before anything is taken; one that is said to be the same is taken, since only
    what came shows that it is, and it mends a file that broke.
    """

    unit_of_work: UnitOfWork
    releases: Releases
    store: ArtifactStore
    trail: AuditTrail
    alerts: Alerts

    async def __call__(self, draft: ArtifactDraft, parts: AsyncIterator[bytes]) -> Put:
        """
        Return what is released now.

        Raises:
            EmptyArtifact, ChecksumMismatch: nothing was kept.
            ReleasedOtherwise: another content has the name.
            ArtifactUnavailable: the store takes nothing.
        """
        await self._require_possible(draft)
        try:
            async with self.store.staged(parts) as staged:
                return await self._released(draft, staged)
        except StoreUnusable as error:
            self.alerts.store_unusable()
            raise ArtifactUnavailable from error

    async def _require_possible(self, draft: ArtifactDraft) -> None:
        # Only to spare its sender the way: what counts is the answer when all of it is here.
        release = await self.releases.get(draft.name.version) if draft.sha256 else None
        artifacts = release.artifacts if release else ()
        if any(each.name == draft.name and each.content.sha256 != draft.sha256 for each in artifacts):
            raise ReleasedOtherwise

    async def _released(self, draft: ArtifactDraft, staged: Staged) -> Put:
        content = staged.content
        if draft.sha256 not in (None, content.sha256):
            raise ChecksumMismatch
        verdict = Verdict.VERIFIED if draft.sha256 else Verdict.UNVERIFIED
        artifact = Artifact(draft.name, content, verdict)
        async with self.unit_of_work():
            is_new = await self.releases.add(artifact, draft.support_status)
            await staged.keep()
            self.trail.record(_entry(draft, content))
        return Put(artifact, is_new)


def _entry(draft: ArtifactDraft, content: Content) -> AuditEntry:
    name = draft.name
    context = {"version": name.version, "os": name.os, "arch": name.arch, "sha256": content.sha256}
    return AuditEntry(
        chain=None,
        subject=str(draft.author),
        relation=PUT,
        object=PLATFORM_OBJECT,
        caveat_context=context,
        correlation_id=draft.correlation_id,
    )
