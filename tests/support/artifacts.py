"""Fakes for artifacts: what was released, in memory, and the machines of nodes."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.ports.actions.upgrade_checksums import UpgradeChecksums
from plexsphere.policy.ports.artifacts.machines import Machine
from plexsphere.policy.ports.integrity.known_good import KnownGood

DOMAIN: Final = DomainId(UUID(int=0xD0))
OTHER_DOMAIN: Final = DomainId(UUID(int=0xD1))
LINUX: Final = Machine("linux", "amd64")
LINUX_ARM: Final = Machine("linux", "arm64")
A_DIGEST: Final = "ab" * 32
OTHER_DIGEST: Final = "cd" * 32

Placed = tuple[str, str, str]
Release = Callable[[str, Machine, str], Awaitable[None]]


@dataclass
class ReleasedState:
    """Everything the fakes keep: digests by version, operating system and architecture."""

    digests: dict[Placed, str] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)


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

    state: ReleasedState

    async def of(self, version: str, /) -> frozenset[str]:
        return frozenset(digest for place, digest in self.state.digests.items() if place[0] == version)


@dataclass(frozen=True)
class MemoryUpgradeChecksums:
    """Checksums to upgrade to, in memory."""

    state: ReleasedState
    machines: FakeMachines

    async def of(
        self, domain_id: DomainId, version: str, nodes: Collection[NodeId], /
    ) -> Mapping[NodeId, str]:
        if version in self.state.withdrawn:
            return {}
        told = await self.machines.machines_of(domain_id, nodes)
        fitting = {node: self.state.digests.get((version, each.os, each.arch)) for node, each in told.items()}
        return {node: f"sha256:{digest}" for node, digest in fitting.items() if digest}


@dataclass(frozen=True)
class ReleaseKit:
    """What is known of releases over one store, whichever it is, and how some come to be released or withdrawn."""

    known_good: KnownGood
    upgrade_checksums: Callable[[FakeMachines], UpgradeChecksums]
    release: Release
    withdraw: Callable[[str], Awaitable[None]]


def memory_releases(state: ReleasedState) -> ReleaseKit:
    """Return the fakes."""

    async def release(version: str, machine: Machine, digest: str) -> None:
        state.digests[version, machine.os, machine.arch] = digest

    async def withdraw(version: str) -> None:
        state.withdrawn.add(version)

    return ReleaseKit(
        MemoryKnownGood(state),
        lambda machines: MemoryUpgradeChecksums(state, machines),
        release,
        withdraw,
    )
