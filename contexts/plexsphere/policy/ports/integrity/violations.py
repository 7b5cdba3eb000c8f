"""Integrity violations, kept as long as the rows of their nodes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId, ViolationId
from plexsphere.policy.domain.integrity.naming import Naming
from plexsphere.policy.domain.integrity.violation import Finding, Kind, Status, Violation


@dataclass(frozen=True, slots=True)
class ViolationFilter:
    """Which violations are wanted; None wants all."""

    domain_id: DomainId | None = None
    project_id: ProjectId | None = None
    node_id: NodeId | None = None
    kind: Kind | None = None
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class ViolationPage:
    """A page in the order of detection, and whether it is the last."""

    violations: tuple[Violation, ...]
    is_last: bool


class Violations(Protocol):
    """At most one stands for each node, kind and artifact; the calls that write join the open unit of work."""

    async def raise_for(self, findings: Sequence[Finding], at: datetime, /) -> Sequence[Finding]:
        """
        Open a violation for each finding, and return those that became one.

        Where one of the same node, kind and artifact is open it stays, unless an agent now reports that it observed
        something else: then, and where it is resolved, it gives way to the new one, which has an id of its own. What
        was observed of a binary or a host key and acknowledged before is no violation any more.
        """
        ...

    async def resolve_binaries(self, nodes: Collection[tuple[DomainId, NodeId]], artifact_id: str, /) -> None:
        """Let open violations of this binary of the nodes be resolved."""
        ...

    async def standing(self, domain_id: DomainId, node_id: NodeId, /) -> int:
        """Return how many violations of the node are open, those of hooks that it announced left out."""
        ...

    async def unnamed(self, domain_id: DomainId, node_id: NodeId, /) -> Sequence[Violation]:
        """Return the node's open violations of hooks that it has no baselines of."""
        ...

    async def name(self, domain_id: DomainId, naming: Naming, /) -> None:
        """Let open violations be of the hooks that they are named for, and those be gone that are outdated."""
        ...

    async def find(self, violation_id: ViolationId, /) -> Violation | None:
        """Return a violation."""
        ...

    async def acknowledge(
        self, domain_id: DomainId, violation_id: ViolationId, by: str, reason: str, at: datetime, /
    ) -> Violation | None:
        """Acknowledge a violation that is open, and return it as it is now; None where it is not open."""
        ...

    async def page(self, wanted: ViolationFilter, after: ViolationId | None, limit: int, /) -> ViolationPage:
        """Return a page in the order of the ids, behind `after`."""
        ...
