"""What an upload left that came to no end is swept, and never what somebody is about to release."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from plexsphere.platform.clock import SystemClock
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.audit import AuditEntry
from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.adapters.local_directory.artifact_store import LocalDirectory
from plexsphere.policy.application.artifacts.artifact_draft import ArtifactDraft
from plexsphere.policy.application.artifacts.put_artifact import PutArtifact
from plexsphere.policy.application.artifacts.sweep_artifacts import SweepArtifacts
from tests.support.artifacts import A_BINARY, OTHER_BINARY, HeardAlerts, ReleaseKit, an_artifact, coming
from tests.support.artifacts_postgres import lent_releases
from tests.support.identity import a_user

pytestmark = pytest.mark.postgres
DRAFT = ArtifactDraft(an_artifact().name, a_user(1).reference, "c-1")


class FailingTrail:
    """Cannot be written to."""

    def record(self, entry: AuditEntry) -> None:
        raise ConnectionError


@dataclass(frozen=True)
class Scene:
    """The real collection and a real folder."""

    kit: ReleaseKit
    folder: Path
    store: LocalDirectory

    @property
    def sweep(self) -> SweepArtifacts:
        return SweepArtifacts(self.kit.unit_of_work, self.kit.releases, self.store)

    async def kept(self, octets: bytes) -> str:
        """Keep a content that lies there for long."""
        async with self.store.staged(coming(octets)) as staged:
            await staged.keep()
        os.utime(self.folder / staged.content.sha256, (0, 0))
        return staged.content.sha256

    def names(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}


@pytest.fixture
async def scene(database: Secret[str], tmp_path: Path) -> AsyncIterator[Scene]:
    async with lent_releases(database) as kit:
        yield Scene(kit, tmp_path, LocalDirectory(tmp_path, SystemClock(), mint_id))


async def test_a_content_whose_release_did_not_commit_is_swept_and_a_released_one_is_not(
    scene: Scene,
) -> None:
    """H44: content first, then the release; between the two lies nothing that anybody is given."""
    released = await scene.kept(A_BINARY)
    await scene.kit.release(an_artifact())
    put = PutArtifact(scene.kit.unit_of_work, scene.kit.releases, scene.store, FailingTrail(), HeardAlerts())
    other = ArtifactDraft(an_artifact("1.5.1").name, DRAFT.author, "c-1")

    with pytest.raises(ConnectionError):
        await put(other, coming(OTHER_BINARY))

    assert await scene.kit.releases.get("1.5.1") is None
    [left] = scene.names() - {released}
    assert await scene.sweep() == 0
    os.utime(scene.folder / left, (0, 0))
    assert await scene.sweep() == 1
    assert scene.names() == {released}


async def test_the_sweep_waits_for_who_is_about_to_release_and_spares_his_content(scene: Scene) -> None:
    digest, is_added = await scene.kept(A_BINARY), asyncio.Event()

    async def sweep() -> int:
        await is_added.wait()
        return await scene.sweep()

    sweeping = asyncio.create_task(sweep())
    async with scene.kit.unit_of_work():
        await scene.kit.releases.add(an_artifact(), None)
        is_added.set()
        await asyncio.sleep(0.3)
        assert not sweeping.done()

    assert await sweeping == 0
    assert scene.names() == {digest}
