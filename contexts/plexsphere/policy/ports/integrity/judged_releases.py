"""Which releases the binaries of nodes were compared with, and which they are to be compared with again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from plexsphere.policy.domain.node_place import NodePlace
from plexsphere.policy.ports.integrity.binaries import NodeBinary


@dataclass(frozen=True, slots=True)
class DueRelease:
    """A version, and when it was found to be due, by the database's clock."""

    version: str
    at: datetime


class JudgedReleases(Protocol):
    """Releases of which something came that the nodes were not compared with yet."""

    async def due(self, limit: int, /) -> Sequence[DueRelease]:
        """
        Return versions of which something was released since they were marked, the longest unmarked ones first.

        One stays due until it is marked a minute after the newest release: an announcement that began before it and
        ended behind it is judged then.
        """
        ...

    async def running(self, version: str, after: NodePlace | None, limit: int, /) -> Sequence[NodeBinary]:
        """
        Return the next binaries of a version by Domain and node, and let them be as they are.

        Joins the open unit of work; until it is over nobody announces anything else for these nodes.
        """
        ...

    async def mark(self, judged: DueRelease, /) -> None:
        """Keep that every node that ran the version when it was found to be due was judged."""
        ...
