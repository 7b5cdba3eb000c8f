"""The surface of integrity violations, answered by policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from plexsphere.api import catalogue
from plexsphere.api.callers import CallingNode, Permitted
from plexsphere.api.paging import Page, PageRequest
from plexsphere.api.problem import Problem
from plexsphere.api.v1.integrity import problems
from plexsphere.api.v1.integrity.wiring import ReportedViolation, ViolationFilter, ViolationView
from plexsphere.composition.bridges.granted import granted
from plexsphere.composition.bridges.translation import Translation
from plexsphere.platform.kernel.audit import AuditTrail
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId, ViolationId, parse_id
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.application.integrity.acknowledge_violation import AcknowledgeViolation
from plexsphere.policy.application.integrity.find_violation import FindViolation
from plexsphere.policy.application.integrity.list_violations import ListViolations
from plexsphere.policy.application.integrity.report_violations import ReportViolations, ViolationReport
from plexsphere.policy.domain import errors
from plexsphere.policy.domain.integrity.violation import Detection, Kind, Status, Violation
from plexsphere.policy.ports.integrity import violations

PROBLEM_OF: Final[Mapping[type[Exception], Problem]] = {
    errors.ViolationNotFound: problems.VIOLATION_NOT_FOUND,
    errors.IllegalTransition: problems.ILLEGAL_TRANSITION,
}
NODES_PROBLEM_OF: Final[Mapping[type[Exception], Problem]] = {
    errors.NodeNotFound: catalogue.NODE_NOT_FOUND,
}
TRANSLATED: Final = Translation(PROBLEM_OF)
NODES_TRANSLATED: Final = Translation(NODES_PROBLEM_OF)


@dataclass(frozen=True, slots=True)
class IntegrityBridge:
    """Answers the operators' port `Integrity`; an acknowledgement stands in the chain of the node's Domain."""

    unit_of_work: UnitOfWork
    trail: AuditTrail
    list_violations: ListViolations
    find_violation: FindViolation
    acknowledge_violation: AcknowledgeViolation

    async def page(self, wanted: PageRequest, of: ViolationFilter, /) -> Page[ViolationView]:
        after = ViolationId(parse_id(wanted.position)) if wanted.position else None
        page = await self.list_violations(_filter(of), after, wanted.limit)
        return Page(tuple(map(_view, page.violations)), "" if page.is_last else str(page.violations[-1].id))

    async def find(self, violation_id: UUID, /) -> ViolationView | None:
        violation = await self.find_violation(ViolationId(violation_id))
        return _view(violation) if violation else None

    async def acknowledge(self, permitted: Permitted, violation_id: UUID, reason: str, /) -> ViolationView:
        by = str(permitted.caller.subject)
        with TRANSLATED:
            async with self.unit_of_work():
                violation = await self.acknowledge_violation(ViolationId(violation_id), by, reason)
                chain, told = violation.finding.place.domain_id, str(violation.id)
                self.trail.record(granted(permitted, chain, permitted.object, violation=told))
        return _view(violation)


@dataclass(frozen=True, slots=True)
class ViolationReportsBridge:
    """Answers the nodes' port `ViolationReports`."""

    report_violations: ReportViolations
    clock: Clock

    async def report(self, node: CallingNode, found: Sequence[ReportedViolation], /) -> datetime:
        at = self.clock.now()
        with NODES_TRANSLATED:
            await self.report_violations(node.domain_id, node.node_id, [_report(each) for each in found])
        return at


def _report(found: ReportedViolation) -> ViolationReport:
    return ViolationReport(
        Kind(found.kind),
        found.artifact_id,
        Detection(found.detected_by),
        found.expected,
        found.observed,
        found.detail,
    )


def _filter(of: ViolationFilter) -> violations.ViolationFilter:
    return violations.ViolationFilter(
        None if of.domain_id is None else DomainId(of.domain_id),
        None if of.project_id is None else ProjectId(of.project_id),
        None if of.node_id is None else NodeId(of.node_id),
        Kind(of.kind) if of.kind else None,
        Status(of.status) if of.status else None,
    )


def _view(violation: Violation) -> ViolationView:
    finding, place = violation.finding, violation.finding.place
    return ViolationView(
        id=violation.id,
        node_id=place.node_id,
        domain_id=place.domain_id,
        project_id=place.project_id,
        kind=finding.kind.value,
        status=violation.status.value,
        artifact_id=finding.artifact_id,
        detected_by=finding.detected_by.value,
        expected=finding.expected,
        observed=finding.observed,
        detail=finding.detail,
        detected_at=violation.detected_at,
        acknowledged_at=violation.acknowledged_at,
        acknowledged_by=violation.acknowledged_by,
        acknowledge_reason=violation.acknowledge_reason,
    )
