"""What the machines of nodes are, as fleet knows it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, Self

from plexsphere.platform.kernel.ids import DomainId, NodeId

# What `uname -m` calls the architectures that the agent's binaries are built for.
OF_UNAME: Final[Mapping[str, str]] = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True)
class Machine:
    """The operating system and architecture that a node registered with, in the agent's words: `linux`, `amd64`."""

    os: str
    arch: str

    @classmethod
    def named(cls, os: str, arch: str) -> Self:
        """Return the machine that was named in these words, or as `uname` has them: `Linux`, `x86_64`."""
        arch = arch.lower()
        return cls(os.lower(), OF_UNAME.get(arch, arch))


class Machines(Protocol):
    """Knows what live nodes said of their machines when they registered."""

    async def machines_of(
        self, domain_id: DomainId, nodes: Collection[NodeId], /
    ) -> Mapping[NodeId, Machine]:
        """Return the machine of each of the nodes; those that left, or did not say, are left out."""
        ...
