"""Use case: have a policy say something else (design D16, D34; rest contract, policies)."""

from dataclasses import dataclass

from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import DomainId, MintsIds
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.application.get_policy import Found, GetPolicy
from plexsphere.policy.application.policy_change import PolicyChange
from plexsphere.policy.application.visibility_views import VisibilityViews
from plexsphere.policy.domain.changes import PutPolicy
from plexsphere.policy.domain.confirmation import require_confirmed
from plexsphere.policy.domain.errors import PolicyNotFound
from plexsphere.policy.domain.policy import NetworkPolicy, RevisionId
from plexsphere.policy.domain.promises import require_tests_hold
from plexsphere.policy.domain.rule_limit import require_bearable
from plexsphere.policy.ports.mesh_turn import MeshTurn
from plexsphere.policy.ports.policies import Policies
from plexsphere.policy.ports.tellings import Tellings


@dataclass(frozen=True, slots=True)
class UpdatePolicy:
    """
    Put a new revision of a policy in force, and let exactly those nodes know whose peers or rules it changes.

    Who says what the policy says already makes no revision, and nobody is told anything.
    """

    unit_of_work: UnitOfWork
    find: GetPolicy
    turn: MeshTurn
    policies: Policies
    views: VisibilityViews
    tellings: Tellings
    clock: Clock
    mint_id: MintsIds

    async def __call__(self, change: PolicyChange) -> Found:
        """
        Return the policy as it is now, and the Domain whose nodes are told.

        Raises:
            SelectorSyntaxError, UnknownAction, UnknownProtocol, CidrFamilyMismatch, PortRangeInverted,
            InvalidRule, InvalidPolicyTest: before anything is looked at.
            PolicyNotFound: the Project has no such policy.
            RevisionConflict: the policy has another head than the change was written upon; nothing changed.
            PolicyTooLarge: some node would have more rules to enforce than it may.
            TooManyPolicyTests: the Project would have more than are judged.
            PolicyTestBroken: by the change a policy test of the Project would not hold; nothing changed.
            PolicyTestsUnjudged: the tests take too long to judge, and nobody confirms to do without.
            ConfirmationRequired: most of what the Domain's nodes see would vanish, and the change does not confirm it.
        """
        said = change.wording.read()
        async with self.unit_of_work():
            # Asked before the turn too, so that nobody holds up a Domain with ids of nothing.
            domain_id = (await self.find(change.project_id, change.policy_id)).domain_id
            revision = await self.turn.take(domain_id)
            standing = await self.policies.get(domain_id, change.policy_id)
            if revision is None or standing is None:
                raise PolicyNotFound(change.policy_id)
            policy = change.applied_to(standing, said, RevisionId(self.mint_id()), self.clock.now())
            if policy.head is not standing.head:
                await self._revise(domain_id, policy, revision, confirmed=change.confirm)
            elif policy is not standing:
                await self.policies.rename(domain_id, policy)
        return Found(domain_id, policy)

    async def _revise(
        self, domain_id: DomainId, policy: NetworkPolicy, revision: int, *, confirmed: bool
    ) -> None:
        await self.policies.revise(domain_id, policy, revision)
        difference = self.views.index(domain_id).preview(PutPolicy(policy))
        require_bearable(difference.most_rules)
        require_tests_hold(difference, confirmed=confirmed)
        require_confirmed(difference, confirmed=confirmed)
        await self.tellings.tell(domain_id, policy.id, difference)
