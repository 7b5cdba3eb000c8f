"""Integrity violations as operators hear of them first: in the log, and as a number (plexd.md, Binary Integrity)."""

import logging
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, NodeId, ViolationId
from plexsphere.policy.domain.integrity.naming import Naming
from plexsphere.policy.domain.integrity.violation import Finding, Violation
from plexsphere.policy.ports.integrity.violations import ViolationFilter, ViolationPage, Violations

LOG: Final = logging.getLogger("plexsphere.integrity")


class ViolationAlerts:
    """Warns of what this process opened, with ids and kinds alone; `counts` only grow, each kind's by its name."""

    def __init__(self) -> None:
        self.counts: Final[Counter[str]] = Counter()

    def opened(self, findings: Sequence[Finding]) -> None:
        """Log and count what is a violation from now on."""
        for each in findings:
            self.counts[each.kind.value] += 1
            LOG.warning(
                "integrity violation on node %s: %s, found by %s",
                each.place.node_id,
                each.kind.value,
                each.detected_by.value,
            )


@dataclass(frozen=True, slots=True)
class AlertedViolations:
    """Answers the port `Violations`; operators are told of each that is opened once it is certain."""

    violations: Violations
    database: Database
    alerts: ViolationAlerts

    async def raise_for(self, findings: Sequence[Finding], at: datetime, /) -> Sequence[Finding]:
        opened = await self.violations.raise_for(findings, at)
        self.database.transaction().after_commit(partial(self.alerts.opened, opened))
        return opened

    async def resolve_binaries(self, nodes: Collection[tuple[DomainId, NodeId]], artifact_id: str, /) -> None:
        await self.violations.resolve_binaries(nodes, artifact_id)

    async def standing(self, domain_id: DomainId, node_id: NodeId, /) -> int:
        return await self.violations.standing(domain_id, node_id)

    async def unnamed(self, domain_id: DomainId, node_id: NodeId, /) -> Sequence[Violation]:
        return await self.violations.unnamed(domain_id, node_id)

    async def name(self, domain_id: DomainId, naming: Naming, /) -> None:
        await self.violations.name(domain_id, naming)

    async def find(self, violation_id: ViolationId, /) -> Violation | None:
        return await self.violations.find(violation_id)

    async def acknowledge(
        self, domain_id: DomainId, violation_id: ViolationId, by: str, reason: str, at: datetime, /
    ) -> Violation | None:
        return await self.violations.acknowledge(domain_id, violation_id, by, reason, at)

    async def page(self, wanted: ViolationFilter, after: ViolationId | None, limit: int, /) -> ViolationPage:
        return await self.violations.page(wanted, after, limit)
