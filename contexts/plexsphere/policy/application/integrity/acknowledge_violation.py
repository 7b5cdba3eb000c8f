"""Use case: an operator takes a violation for what it is (design D30)."""

from dataclasses import dataclass

from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import ViolationId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.application.integrity.judge_binaries import JudgeBinaries
from plexsphere.policy.domain.errors import IllegalTransition, ViolationNotFound
from plexsphere.policy.domain.integrity.examination import Departure
from plexsphere.policy.domain.integrity.violation import Detection, Finding, Kind, Violation
from plexsphere.policy.domain.node_place import NodePlace
from plexsphere.policy.ports.hooks.announcements import NodeAnnouncements
from plexsphere.policy.ports.integrity.baselines import Baselines
from plexsphere.policy.ports.integrity.binaries import Binaries
from plexsphere.policy.ports.integrity.violations import Violations


@dataclass(frozen=True, slots=True)
class AcknowledgeViolation:
    """
    Make what was observed the hook's baseline from now on, and what was observed of a binary no violation any more.

    What the violation shows is what is acknowledged. Where the node announces by now what nobody accepted yet the hook
    stays blocked, by a violation of its own, and where it announces again what its baseline says the baseline stays.
    Of what an agent reported it is the other way round: the report is newer than what the node announces, which is
    compared with the new baseline only when it is announced again. A binary has a violation of its own, too, that is
    neither released nor what was acknowledged.
    """

    unit_of_work: UnitOfWork
    announcements: NodeAnnouncements
    baselines: Baselines
    violations: Violations
    binaries: Binaries
    judge: JudgeBinaries
    clock: Clock

    async def __call__(self, violation_id: ViolationId, by: str, reason: str) -> Violation:
        """
        Return the violation as it is now.

        Raises:
            ViolationNotFound: there is none.
            IllegalTransition: it is not open; nothing changed.
        """
        async with self.unit_of_work():
            found = await self.violations.find(violation_id)
            if found is None:
                raise ViolationNotFound(violation_id)
            place = found.finding.place
            # The node's turn first, as announcements take it: no deadlock, and no announcement in between.
            await self.announcements.hold(place.domain_id, place.node_id)
            acknowledged = await self.violations.acknowledge(
                place.domain_id, violation_id, by, reason, self.clock.now()
            )
            if acknowledged is None:
                raise IllegalTransition(violation_id)
            if acknowledged.finding.kind is Kind.HOOK:
                await self._pin_anew(acknowledged)
            elif acknowledged.finding.kind is Kind.BINARY:
                await self._judge_again(acknowledged.finding.place)
        return acknowledged

    async def _pin_anew(self, violation: Violation) -> None:
        place, name = violation.finding.place, violation.finding.artifact_id
        baselines = await self.baselines.of(place.domain_id, place.node_id)
        if name not in baselines:
            # Something of the node's own naming, that no hook is held to.
            return
        announced = await self.baselines.announced(place.domain_id, place.node_id, name)
        is_accepted = announced is not None and announced.is_accepted(baselines[name])
        if violation.was_announced and is_accepted:
            # It was put back: what nobody announces any more must not take the place of what is good again.
            return
        baseline = violation.repinned(baselines[name])
        await self.baselines.pin(place.domain_id, place.node_id, {name: baseline}, self.clock.now())
        if announced is None or not announced.pin.departs_from(baseline):
            return
        if is_accepted:
            await self.announcements.excuse(place.domain_id, place.node_id, name)
        else:
            await self._raise_anew(place, Departure(name, baseline, announced.pin))

    async def _raise_anew(self, place: NodePlace, departure: Departure) -> None:
        finding = Finding.of(place, departure, Detection.ACKNOWLEDGEMENT)
        await self.violations.raise_for([finding], self.clock.now())

    async def _judge_again(self, place: NodePlace) -> None:
        binary = await self.binaries.of(place.domain_id, place.node_id)
        if binary is not None:
            await self.judge([binary], Detection.ACKNOWLEDGEMENT, self.clock.now())
