"""Use case: make a policy (design D16)."""

from dataclasses import dataclass

from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import DomainId, MintsIds, PolicyId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.application.policy_draft import PolicyDraft
from plexsphere.policy.application.visibility_views import VisibilityViews
from plexsphere.policy.domain.changes import PutPolicy
from plexsphere.policy.domain.confirmation import require_confirmed
from plexsphere.policy.domain.errors import ProjectNotFound
from plexsphere.policy.domain.policy import NetworkPolicy, RevisionId
from plexsphere.policy.domain.promises import require_tests_hold
from plexsphere.policy.domain.rule_limit import require_bearable
from plexsphere.policy.ports.mesh_turn import MeshTurn
from plexsphere.policy.ports.policies import Policies
from plexsphere.policy.ports.projects import Projects
from plexsphere.policy.ports.tellings import Tellings


@dataclass(frozen=True, slots=True)
class Created:
    """A new policy, and the Domain whose nodes are told."""

    domain_id: DomainId
    policy: NetworkPolicy


@dataclass(frozen=True, slots=True)
class CreatePolicy:
    """
    Put a new policy in force, and let exactly those nodes know whose peers or rules it changes.

    The index learns of it when this process follows the log there, as in every other process.
    """

    unit_of_work: UnitOfWork
    projects: Projects
    turn: MeshTurn
    policies: Policies
    views: VisibilityViews
    tellings: Tellings
    clock: Clock
    mint_id: MintsIds

    async def __call__(self, draft: PolicyDraft) -> Created:
        """
        Return the new policy.

        Raises:
            SelectorSyntaxError, UnknownAction, UnknownProtocol, CidrFamilyMismatch, PortRangeInverted,
            InvalidRule, InvalidPolicyTest, InvalidSlug: before anything is looked at.
            ProjectNotFound, PolicySlugTaken: nothing changed.
            PolicyTooLarge: some node would have more rules to enforce than it may.
            TooManyPolicyTests: the Project would have more than are judged.
            PolicyTestBroken: by the change a policy test of the Project would not hold; nothing changed.
            PolicyTestsUnjudged: the tests take too long to judge, and nobody confirms to do without.
            ConfirmationRequired: a policy that denies would take most away, and the draft does not confirm it.
        """
        policy = draft.drawn(PolicyId(self.mint_id()), RevisionId(self.mint_id()), self.clock.now())
        async with self.unit_of_work():
            domain_id = await self.projects.domain_of(draft.project_id)
            revision = await self.turn.take(domain_id) if domain_id else None
            if domain_id is None or revision is None:
                raise ProjectNotFound(draft.project_id)
            await self.policies.add(domain_id, policy, revision)
            difference = self.views.index(domain_id).preview(PutPolicy(policy))
            require_bearable(difference.most_rules)
            require_tests_hold(difference, confirmed=draft.confirm)
            require_confirmed(difference, confirmed=draft.confirm)
            await self.tellings.tell(domain_id, policy.id, difference)
        return Created(domain_id, policy)
