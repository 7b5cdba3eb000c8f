"""The surface of reachability, answered by fleet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.api.problem import Problem
from plexsphere.api.v1.reachability import problems
from plexsphere.api.v1.reachability.wiring import GuardView, ReachabilityView
from plexsphere.composition.bridges.granted import granted
from plexsphere.composition.bridges.translation import Translation
from plexsphere.fleet.application.confirm_departures import ConfirmDepartures
from plexsphere.fleet.application.get_reachability import GetReachability, MeshReachability
from plexsphere.fleet.domain import errors
from plexsphere.platform.kernel.audit import AuditTrail
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.subjects import domain_object
from plexsphere.platform.kernel.unit_of_work import UnitOfWork

PROBLEM_OF: Final[Mapping[type[Exception], Problem]] = {
    errors.DomainNotFound: problems.DOMAIN_NOT_FOUND,
}
TRANSLATED: Final = Translation(PROBLEM_OF)


@dataclass(frozen=True, slots=True)
class ReachabilityBridge:
    """Answers the port `Reachability`; a confirmation stands in the Domain's chain."""

    unit_of_work: UnitOfWork
    trail: AuditTrail
    get_reachability: GetReachability
    confirm_departures: ConfirmDepartures

    async def get(self, permitted: Permitted, domain_id: UUID, /) -> ReachabilityView:
        with TRANSLATED:
            return _view(domain_id, await self.get_reachability(DomainId(domain_id)))

    async def confirm(self, permitted: Permitted, domain_id: UUID, /) -> ReachabilityView:
        domain = DomainId(domain_id)
        with TRANSLATED:
            async with self.unit_of_work():
                await self.confirm_departures(domain)
                self.trail.record(granted(permitted, domain, domain_object(domain_id)))
                return _view(domain_id, await self.get_reachability(domain))


def _view(domain_id: UUID, found: MeshReachability) -> ReachabilityView:
    census, withheld = found.census, found.withheld
    guard = GuardView(
        census.is_guarded,
        withheld.since,
        census.leaving,
        withheld.count,
        withheld.first,
    )
    return ReachabilityView(domain_id, {each.value: count for each, count in found.counts.items()}, guard)
