"""What a change of a policy tells the mesh, as rows of fleet's log."""

from dataclasses import dataclass

from plexsphere.composition.bridges.sight_changes import paced_sight_change
from plexsphere.fleet.domain.sight_change import rows_of
from plexsphere.platform.kernel.events import Announcements, SubjectKind
from plexsphere.platform.kernel.ids import DomainId, PolicyId
from plexsphere.policy.domain.difference import Difference


@dataclass(frozen=True, slots=True)
class PolicyTellingsBridge:
    """Answers policy's port `Tellings`."""

    announcements: Announcements

    async def tell(self, domain_id: DomainId, policy_id: PolicyId, difference: Difference, /) -> None:
        """Announce the rows; followers read the policy again even where nobody is told anything."""
        change = await paced_sight_change(difference)
        self.announcements.announce(rows_of(domain_id, SubjectKind.POLICY, policy_id, change))
