"""The policies surface, answered by the policy context."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.api.paging import Page, PageRequest
from plexsphere.api.problem import Problem
from plexsphere.api.v1.policies import problems
from plexsphere.api.v1.policies.wiring import NewPolicy, PolicyEdit, PolicyTrial, PolicyView, RehearsalView
from plexsphere.composition.bridges.granted import granted
from plexsphere.composition.bridges.policy_views import (
    change_of,
    draft_of,
    header_view,
    policy_view,
    rehearsal_view,
    trial_of,
)
from plexsphere.composition.bridges.translation import Translation
from plexsphere.composition.doorway import Doorways
from plexsphere.platform.kernel.audit import AuditTrail
from plexsphere.platform.kernel.ids import DomainId, PolicyId, ProjectId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.application.create_policy import CreatePolicy
from plexsphere.policy.application.delete_policy import DeletePolicy
from plexsphere.policy.application.dry_run_policy import DryRunPolicy
from plexsphere.policy.application.get_policy import GetPolicy
from plexsphere.policy.application.list_policies import ListPolicies
from plexsphere.policy.application.update_policy import UpdatePolicy
from plexsphere.policy.domain import errors

PROBLEM_OF: Final[Mapping[type[errors.PolicyError], Problem]] = {
    errors.UnknownAction: problems.UNKNOWN_ACTION,
    errors.UnknownProtocol: problems.UNKNOWN_PROTOCOL,
    errors.CidrFamilyMismatch: problems.CIDR_FAMILY_MISMATCH,
    errors.PortRangeInverted: problems.PORT_RANGE_INVERTED,
    errors.SelectorSyntaxError: problems.SELECTOR_SYNTAX_ERROR,
    errors.InvalidRule: problems.INVALID_BODY,
    errors.InvalidPolicyTest: problems.INVALID_BODY,
    errors.InvalidSlug: problems.INVALID_BODY,
    errors.RevisionNotVisible: problems.REVISION_NOT_VISIBLE,
    errors.RevisionConflict: problems.REVISION_CONFLICT,
    errors.PolicySlugTaken: problems.POLICY_SLUG_TAKEN,
    errors.PolicyNotFound: problems.POLICY_NOT_FOUND,
    errors.ProjectNotFound: problems.PROJECT_NOT_FOUND,
    errors.PolicyTooLarge: problems.POLICY_TOO_LARGE,
    errors.TooManyPolicyTests: problems.TOO_MANY_POLICY_TESTS,
    errors.PolicyTestBroken: problems.POLICY_TEST_BROKEN,
    errors.PolicyTestsUnjudged: problems.POLICY_TESTS_UNJUDGED,
    errors.ConfirmationRequired: problems.CONFIRMATION_REQUIRED,
}
FAULT_IN_WORDS: Final[Mapping[errors.RuleFault, str]] = {
    errors.RuleFault.PORTS_REQUIRED: "A rule for tcp or udp needs ports.",
    errors.RuleFault.PORTS_FORBIDDEN: "Only rules for tcp and udp take ports.",
    errors.RuleFault.PORT_OUT_OF_RANGE: "A port is not a number from 1 to 65535.",
    errors.RuleFault.BAD_CIDR: "A range is not an address and a prefix length, or has host bits set.",
    errors.RuleFault.NO_RULES: "A policy needs at least one rule.",
    errors.RuleFault.TOO_MANY_RULES: "A policy has at most 1024 rules.",
}
TEST_FAULT_IN_WORDS: Final[Mapping[errors.PolicyTestFault, str]] = {
    errors.PolicyTestFault.BAD_NAME: "A test's name is 1 to 128 printable characters.",
    errors.PolicyTestFault.NAME_TAKEN: "Two tests of the policy have one name.",
    errors.PolicyTestFault.BAD_END: "A test's end is either a `selector` or the `mesh_ip` of a node.",
    errors.PolicyTestFault.PORT_MISPLACED: "A test of tcp or udp needs a port, and no other takes one.",
    errors.PolicyTestFault.PORT_OUT_OF_RANGE: "A port is not a number from 1 to 65535.",
    errors.PolicyTestFault.BAD_EXPECTATION: "A test expects either allow or deny.",
    errors.PolicyTestFault.TOO_MANY_TESTS: "A policy has at most 64 tests.",
}
BAD_SLUG: Final = "A slug is a lower-case letter and up to 63 more of a-z, 0-9 and dash."


def _detail(error: errors.PolicyError) -> str:
    match error:
        case errors.InvalidRule():
            return FAULT_IN_WORDS[error.fault]
        case errors.InvalidPolicyTest():
            return TEST_FAULT_IN_WORDS[error.fault]
        case errors.PolicyTestBroken():
            return f"The test {error.name!r} of the policy {error.slug} would not hold."
        case errors.PolicyTestsUnjudged():
            return f"{error.tests} policy tests take too long to judge; confirm to proceed without them."
        case errors.TooManyPolicyTests():
            return f"The Project would have {error.tests} policy tests; {error.most} are the most."
        case errors.InvalidSlug():
            return BAD_SLUG
        case errors.SelectorSyntaxError():
            return f"A selector cannot be read at character {error.position}."
        case errors.PolicyTooLarge():
            return f"A node would have {error.rules} rules; {error.most} are the most."
        case errors.ConfirmationRequired():
            return (
                f"{error.pairs_lost} of {error.pairs_before} visible pairs would vanish; confirm to proceed."
            )
        case _:
            return ""


TRANSLATED: Final = Translation(PROBLEM_OF, _detail)


@dataclass(frozen=True, slots=True)
class PoliciesBridge:
    """Answers the surface's port `Policies`."""

    unit_of_work: UnitOfWork
    trail: AuditTrail
    list_policies: ListPolicies
    create_policy: CreatePolicy
    get_policy: GetPolicy
    update_policy: UpdatePolicy
    delete_policy: DeletePolicy
    dry_run_policy: DryRunPolicy
    doorways: Doorways

    async def page(self, permitted: Permitted, project_id: UUID, wanted: PageRequest, /) -> Page[PolicyView]:
        """Return a page, by the ids of the policies."""
        after = PolicyId(UUID(wanted.position)) if wanted.position else None
        with TRANSLATED:
            page = await self.list_policies(ProjectId(project_id), after, wanted.limit)
        position = "" if page.is_last else str(page.headers[-1].id)
        return Page(tuple(map(header_view, page.headers)), position)

    async def create(self, permitted: Permitted, project_id: UUID, wish: NewPolicy, /) -> PolicyView:
        """Make a policy; its audit row commits with it."""
        with TRANSLATED:
            async with self.doorways(project_id), self.unit_of_work():
                created = await self.create_policy(draft_of(permitted, ProjectId(project_id), wish))
                self._record(permitted, created.domain_id, created.policy.id)
        return policy_view(created.policy)

    async def get(self, permitted: Permitted, project_id: UUID, policy_id: UUID, /) -> PolicyView:
        """Return one with its head."""
        with TRANSLATED:
            found = await self.get_policy(ProjectId(project_id), PolicyId(policy_id))
        return policy_view(found.policy)

    async def change(
        self, permitted: Permitted, project_id: UUID, policy_id: UUID, edit: PolicyEdit, /
    ) -> PolicyView:
        """Have one say something else; its audit row commits with it."""
        change = change_of(permitted, ProjectId(project_id), PolicyId(policy_id), edit)
        with TRANSLATED:
            async with self.doorways(project_id), self.unit_of_work():
                updated = await self.update_policy(change)
                self._record(permitted, updated.domain_id, updated.policy.id)
        return policy_view(updated.policy)

    async def rehearse(
        self, permitted: Permitted, project_id: UUID, policy_id: UUID, trial: PolicyTrial, /
    ) -> RehearsalView:
        """Tell what a change of one would do; a few at a time for each Project, for it may take a while."""
        with TRANSLATED:
            async with self.doorways(project_id):
                rehearsal = await self.dry_run_policy(
                    ProjectId(project_id), PolicyId(policy_id), trial_of(trial)
                )
        return rehearsal_view(rehearsal)

    async def remove(
        self, permitted: Permitted, project_id: UUID, policy_id: UUID, /, *, confirm: bool
    ) -> None:
        """Remove one; its audit row commits with it."""
        project, policy = ProjectId(project_id), PolicyId(policy_id)
        with TRANSLATED:
            async with self.doorways(project_id), self.unit_of_work():
                domain_id = await self.delete_policy(project, policy, confirm=confirm)
                self._record(permitted, domain_id, policy)

    def _record(self, permitted: Permitted, domain_id: DomainId, policy_id: PolicyId) -> None:
        self.trail.record(granted(permitted, domain_id, permitted.object, policy=str(policy_id)))
