"""Fakes for artifacts: what was released, in memory, and the machines of nodes."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Final
from uuid import UUID

from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.domain.artifacts.artifact import (
    Artifact,
    ArtifactName,
    Content,
    Release,
    SupportStatus,
    Verdict,
)
from plexsphere.policy.domain.artifacts.errors import ReleasedOtherwise
from plexsphere.policy.ports.actions.upgrade_checksums import UpgradeChecksums
from plexsphere.policy.ports.artifacts.artifact_store import Fault
from plexsphere.policy.ports.artifacts.machines import Machine
from plexsphere.policy.ports.artifacts.releases import ReleasePage, Releases
from plexsphere.policy.ports.integrity.known_good import KnownGood
from tests.support.identity import EPOCH
from tests.support.memory_unit_of_work import MemoryUnitOfWork

DOMAIN: Final = DomainId(UUID(int=0xD0))
OTHER_DOMAIN: Final = DomainId(UUID(int=0xD1))
LINUX: Final = Machine("linux", "amd64")
LINUX_ARM: Final = Machine("linux", "arm64")
A_BINARY: Final = b"\x7fELF of a version"
OTHER_BINARY: Final = b"\x7fELF of another one"


@dataclass
class ReleaseState:
    """Everything the fakes keep."""

    releases: dict[str, Release] = field(default_factory=dict)

    def copy(self) -> "ReleaseState":
        return ReleaseState(dict(self.releases))

    def artifacts(self) -> list[Artifact]:
        """Return every binary."""
        return [artifact for release in self.releases.values() for artifact in release.artifacts]


@dataclass
class ReleaseStore:
    """The state, and whether a unit of work is open."""

    state: ReleaseState = field(default_factory=ReleaseState)
    is_open: bool = False


class MemoryReleases:
    """Releases in memory."""

    def __init__(self, store: ReleaseStore) -> None:
        self._store = store

    async def add(self, artifact: Artifact, support_status: SupportStatus | None, /) -> bool:
        version = artifact.name.version
        release = self._store.state.releases.get(version) or Release(
            version, SupportStatus.SUPPORTED, (), EPOCH, EPOCH
        )
        others = [each for each in release.artifacts if each.name != artifact.name]
        former = next((each for each in release.artifacts if each.name == artifact.name), None)
        if former is not None and former.content != artifact.content:
            raise ReleasedOtherwise
        kept = former if former is not None and former.verdict is Verdict.VERIFIED else artifact
        ordered = sorted([*others, kept], key=lambda each: (each.name.os, each.name.arch))
        status = support_status or release.support_status
        self._store.state.releases[version] = replace(
            release, support_status=status, artifacts=tuple(ordered)
        )
        return former is None

    async def set_support_status(self, version: str, support_status: SupportStatus, /) -> bool:
        if version not in self._store.state.releases:
            return False
        release = self._store.state.releases[version]
        self._store.state.releases[version] = replace(release, support_status=support_status)
        return True

    async def get(self, version: str, /) -> Release | None:
        return self._store.state.releases.get(version)

    async def find(self, name: ArtifactName, /) -> Artifact | None:
        release = self._store.state.releases.get(name.version)
        if release is None or release.support_status is SupportStatus.WITHDRAWN:
            return None
        return next((each for each in release.artifacts if each.name == name), None)

    async def page(self, after: str, limit: int, /) -> ReleasePage:
        rest = [release for version, release in sorted(self._store.state.releases.items()) if version > after]
        return ReleasePage(tuple(rest[:limit]), len(rest) <= limit)

    async def released_among(self, digests: Collection[str], /) -> frozenset[str]:
        return frozenset(digests) & {artifact.content.sha256 for artifact in self._store.state.artifacts()}

    async def hold(self) -> None:
        if not self._store.is_open:
            raise RuntimeError("no unit of work is open")


@dataclass(frozen=True)
class FakeMachines:
    """Knows the machines it was given, in the Domain of the tests."""

    known: Mapping[NodeId, Machine]

    async def machines_of(
        self, domain_id: DomainId, nodes: Collection[NodeId], /
    ) -> Mapping[NodeId, Machine]:
        return {node: self.known[node] for node in nodes if domain_id == DOMAIN and node in self.known}


@dataclass(frozen=True)
class MemoryKnownGood:
    """Known-good checksums in memory."""

    store: ReleaseStore

    async def of(self, version: str, /) -> frozenset[str]:
        artifacts = self.store.state.artifacts()
        return frozenset(each.content.sha256 for each in artifacts if each.name.version == version)

    async def supported_among(self, digests: Collection[str], /) -> frozenset[str]:
        releases = self.store.state.releases.values()
        supported = [each for each in releases if each.support_status is SupportStatus.SUPPORTED]
        return frozenset(digests) & {each.content.sha256 for one in supported for each in one.artifacts}


@dataclass(frozen=True)
class MemoryUpgradeChecksums:
    """Checksums to upgrade to, in memory."""

    store: ReleaseStore
    machines: FakeMachines

    async def of(
        self, domain_id: DomainId, version: str, nodes: Collection[NodeId], /
    ) -> Mapping[NodeId, frozenset[str]]:
        release = self.store.state.releases.get(version)
        if release is None or release.support_status is SupportStatus.WITHDRAWN:
            return {}
        told = await self.machines.machines_of(domain_id, nodes)
        fitting = {
            node: frozenset(
                f"sha256:{each.content.sha256}"
                for each in release.artifacts
                if told.get(node) in (None, Machine.named(each.name.os, each.name.arch))
            )
            for node in nodes
        }
        return {node: checksums for node, checksums in fitting.items() if checksums}

    async def is_withdrawn(self, version: str, /) -> bool:
        release = self.store.state.releases.get(version)
        return release is not None and release.support_status is SupportStatus.WITHDRAWN


@dataclass
class HeardAlerts:
    """Remembers what operators were told."""

    broken: list[tuple[Artifact, Fault]] = field(default_factory=list)
    unusable: int = 0

    def content_broken(self, artifact: Artifact, fault: Fault, /) -> None:
        self.broken.append((artifact, fault))

    def store_unusable(self) -> None:
        self.unusable += 1


@dataclass(frozen=True)
class ReleaseKit:
    """What is known of releases over one store, whichever it is."""

    unit_of_work: UnitOfWork
    releases: Releases
    known_good: KnownGood
    upgrade_checksums: Callable[[FakeMachines], UpgradeChecksums]

    async def release(self, *artifacts: Artifact, support_status: SupportStatus | None = None) -> list[bool]:
        """Release binaries, each in a unit of work of its own, and return which of them were new."""
        added = []
        for artifact in artifacts:
            async with self.unit_of_work():
                added.append(await self.releases.add(artifact, support_status))
        return added


def memory_releases(store: ReleaseStore) -> ReleaseKit:
    """Return the fakes."""
    return ReleaseKit(
        MemoryUnitOfWork(store),
        MemoryReleases(store),
        MemoryKnownGood(store),
        lambda machines: MemoryUpgradeChecksums(store, machines),
    )


def content_of(octets: bytes) -> Content:
    """Return what octets are."""
    return Content(sha256(octets).hexdigest(), len(octets))


def an_artifact(
    version: str = "1.5.0",
    machine: Machine = LINUX,
    octets: bytes = A_BINARY,
    verdict: Verdict = Verdict.UNVERIFIED,
) -> Artifact:
    """Return a binary."""
    return Artifact(ArtifactName(version, machine.os, machine.arch), content_of(octets), verdict)


async def coming(*parts: bytes) -> AsyncIterator[bytes]:
    """Yield the parts."""
    for part in parts:
        yield part
