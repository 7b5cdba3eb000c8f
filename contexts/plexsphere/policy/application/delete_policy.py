"""Use case: take a policy out of force (design D34)."""

from dataclasses import dataclass

from plexsphere.platform.kernel.ids import DomainId, PolicyId, ProjectId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.application.get_policy import GetPolicy
from plexsphere.policy.application.visibility_views import VisibilityViews
from plexsphere.policy.domain.changes import RemovePolicy
from plexsphere.policy.domain.confirmation import require_confirmed
from plexsphere.policy.domain.errors import PolicyNotFound
from plexsphere.policy.domain.promises import require_tests_hold
from plexsphere.policy.ports.mesh_turn import MeshTurn
from plexsphere.policy.ports.policies import Policies
from plexsphere.policy.ports.tellings import Tellings


@dataclass(frozen=True, slots=True)
class DeletePolicy:
    """Forget a policy and all its revisions, and let exactly those nodes know whose peers or rules that changes."""

    unit_of_work: UnitOfWork
    find: GetPolicy
    turn: MeshTurn
    policies: Policies
    views: VisibilityViews
    tellings: Tellings

    async def __call__(self, project_id: ProjectId, policy_id: PolicyId, *, confirm: bool) -> DomainId:
        """
        Delete the policy; return the Domain whose nodes are told.

        Raises:
            PolicyNotFound: the Project has no such policy.
            PolicyTestBroken: by the change a policy test of the Project would not hold; nothing changed.
            PolicyTestsUnjudged: the tests take too long to judge, and nobody confirms to do without.
            ConfirmationRequired: most of what the Domain's nodes see would vanish, and `confirm` is False.
        """
        async with self.unit_of_work():
            # Asked before the turn too, so that nobody holds up a Domain with ids of nothing.
            domain_id = (await self.find(project_id, policy_id)).domain_id
            revision = await self.turn.take(domain_id)
            if revision is None or not await self.policies.delete(domain_id, policy_id, revision):
                raise PolicyNotFound(policy_id)
            difference = self.views.index(domain_id).preview(RemovePolicy(policy_id))
            require_tests_hold(difference, confirmed=confirm)
            require_confirmed(difference, confirmed=confirm)
            await self.tellings.tell(domain_id, policy_id, difference)
        return domain_id
