"""Checksums of the agent's stored binaries."""

from collections.abc import Collection, Mapping
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, NodeId


class UpgradeChecksums(Protocol):
    """Knows which stored artifacts may fit which node, by the operating system and architecture it registered with."""

    async def of(
        self, domain_id: DomainId, version: str, nodes: Collection[NodeId], /
    ) -> Mapping[NodeId, frozenset[str]]:
        """
        Return `sha256:<hex>` of what is stored of the version for each node's machine.

        Any of the version's may fit a node that did not tell what it runs on; nodes that nothing stored fits are left
        out.
        """
        ...

    async def is_withdrawn(self, version: str, /) -> bool:
        """Tell whether the version was withdrawn; one that nothing was released of was not."""
        ...
