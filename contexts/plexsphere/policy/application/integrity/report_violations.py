"""Use case: an agent reports what it found (plexd.md, Integrity Alert; design D30)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.domain.errors import NodeNotFound
from plexsphere.policy.domain.hooks.digest import canonical
from plexsphere.policy.domain.integrity.violation import Detection, Finding, Kind, hook_named
from plexsphere.policy.domain.node_place import NodePlace
from plexsphere.policy.ports.hooks.announcements import NodeAnnouncements
from plexsphere.policy.ports.integrity.baselines import Baselines
from plexsphere.policy.ports.integrity.node_homes import NodeHomes
from plexsphere.policy.ports.integrity.violations import Violations

# Of what a node names itself; its hooks are bounded by their baselines.
MOST_STANDING: Final = 256


@dataclass(frozen=True, slots=True)
class ViolationReport:
    """What an agent found, in its own words; digests are in the canonical form where the agent's were any."""

    kind: Kind
    artifact_id: str
    detected_by: Detection
    expected: str = ""
    observed: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ReportViolations:
    """
    Open a violation for each thing that an agent found, unless one stands that shows just this.

    One that shows something else gives way to it; of several in one report the last counts that tells what it observed.
    One of a hook that the node ever announced is that hook's, however the agent names it, so that it blocks it.
    Of other things 256 may stand for a node; what it reports beyond is passed over.
    """

    unit_of_work: UnitOfWork
    homes: NodeHomes
    announcements: NodeAnnouncements
    baselines: Baselines
    violations: Violations
    clock: Clock

    async def __call__(
        self, domain_id: DomainId, node_id: NodeId, reports: Sequence[ViolationReport]
    ) -> None:
        """
        Take the reports.

        Raises:
            NodeNotFound: the node just left.
        """
        async with self.unit_of_work():
            project_id = await self.homes.project_of_node(node_id)
            if project_id is None:
                raise NodeNotFound(node_id)
            place = NodePlace(domain_id, project_id, node_id)
            await self.announcements.hold(domain_id, node_id)
            hooks = await self.baselines.of(domain_id, node_id)
            findings = await self._with_room(_findings(place, reports, hooks), hooks)
            if findings:
                await self.violations.raise_for(findings, self.clock.now())

    async def _with_room(self, findings: Sequence[Finding], hooks: Collection[str]) -> list[Finding]:
        own = [each for each in findings if _is_own_hook(each, hooks)]
        others = [each for each in findings if not _is_own_hook(each, hooks)]
        if not others:
            return own
        place = others[0].place
        room = MOST_STANDING - await self.violations.standing(place.domain_id, place.node_id)
        return [*own, *others[: max(room, 0)]]


def _is_own_hook(finding: Finding, hooks: Collection[str]) -> bool:
    return finding.kind is Kind.HOOK and finding.artifact_id in hooks


def _findings(place: NodePlace, reports: Sequence[ViolationReport], hooks: Collection[str]) -> list[Finding]:
    found: dict[tuple[Kind, str], Finding] = {}
    for report in reports:
        finding = _finding(place, report, hooks)
        if finding.observed or (finding.kind, finding.artifact_id) not in found:
            found[finding.kind, finding.artifact_id] = finding
    return list(found.values())


def _finding(place: NodePlace, report: ViolationReport, hooks: Collection[str]) -> Finding:
    is_hook = report.kind is Kind.HOOK
    return Finding(
        place,
        report.kind,
        hook_named(report.artifact_id, hooks) if is_hook else report.artifact_id,
        report.detected_by,
        canonical(report.expected),
        canonical(report.observed),
        report.detail,
    )
