"""Use case: tell what a change of a policy would do, and change nothing (rest contract, policies)."""

from dataclasses import dataclass, replace

from plexsphere.platform.kernel.ids import PolicyId, ProjectId
from plexsphere.policy.application.get_policy import GetPolicy
from plexsphere.policy.application.visibility_views import VisibilityViews
from plexsphere.policy.application.wording import Wording
from plexsphere.policy.domain.changes import PutPolicy
from plexsphere.policy.domain.confirmation import takes_most_away
from plexsphere.policy.domain.errors import PolicyNotFound
from plexsphere.policy.domain.policy import NetworkPolicy, Statement
from plexsphere.policy.domain.rehearsal import NodeList, PairList, Rehearsal
from plexsphere.policy.domain.rule_diff import RuleDiff
from plexsphere.policy.domain.rule_limit import MOST_RULES
from plexsphere.policy.ports.followed_mesh import FollowedMesh


@dataclass(frozen=True, slots=True)
class DryRunPolicy:
    """Ask the index what a policy would do if it said something else; without a turn, and without a write."""

    find: GetPolicy
    mesh: FollowedMesh
    views: VisibilityViews

    async def __call__(self, project_id: ProjectId, policy_id: PolicyId, wording: Wording) -> Rehearsal:
        """
        Return what would change for whom.

        Raises:
            SelectorSyntaxError, UnknownAction, UnknownProtocol, CidrFamilyMismatch, PortRangeInverted,
            InvalidRule, InvalidPolicyTest: before anything is looked at.
            PolicyNotFound: the Project has no such policy.
        """
        said = wording.read()
        found = await self.find(project_id, policy_id)
        is_there = await self.mesh.bring_up(found.domain_id)
        index = self.views.loaded(found.domain_id)
        if not is_there or index is None:
            raise PolicyNotFound(policy_id)
        if wording.tests is None:
            said = replace(said, tests=found.policy.head.tests)
        difference = index.preview(PutPolicy(_saying(found.policy, said)))
        matched = {
            *index.selected(project_id, said.selector.source),
            *index.selected(project_id, said.selector.destination),
        }
        return Rehearsal(
            matched=NodeList.of(matched),
            rule_diff=RuleDiff.between(found.policy.head.rules, said.rules),
            gained=PairList.of(difference.gained),
            lost=PairList.of(difference.lost),
            unreachable=NodeList.of(difference.unreachable),
            needs_confirmation=takes_most_away(difference) or difference.unjudged_tests > 0,
            is_too_large=difference.most_rules > MOST_RULES,
            failed_tests=difference.failed_tests,
        )


def _saying(policy: NetworkPolicy, said: Statement) -> NetworkPolicy:
    head = replace(
        policy.head,
        number=policy.head.number + 1,
        selector=said.selector,
        rules=said.rules,
        tests=said.tests,
    )
    return replace(policy, head=head)
