"""The policies surface, answered by the policy context."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.api.paging import Page, PageRequest
from plexsphere.api.problem import Problem
from plexsphere.api.v1.policies import problems
from plexsphere.api.v1.policies.wiring import NewPolicy, PolicyView, RevisionView, RuleText
from plexsphere.composition.bridges.granted import granted
from plexsphere.composition.bridges.translation import Translation
from plexsphere.composition.doorway import Doorways
from plexsphere.platform.kernel.audit import AuditTrail
from plexsphere.platform.kernel.correlation import CORRELATION_ID
from plexsphere.platform.kernel.ids import DomainId, PolicyId, ProjectId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.application.create_policy import CreatePolicy
from plexsphere.policy.application.delete_policy import DeletePolicy
from plexsphere.policy.application.get_policy import GetPolicy
from plexsphere.policy.application.list_policies import ListPolicies
from plexsphere.policy.application.policy_draft import PolicyDraft, RuleWords
from plexsphere.policy.domain import errors
from plexsphere.policy.domain.policy import NetworkPolicy, Revision
from plexsphere.policy.domain.rule import Rule
from plexsphere.policy.ports.policies import PolicyHeader

PROBLEM_OF: Final[Mapping[type[errors.PolicyError], Problem]] = {
    errors.UnknownAction: problems.UNKNOWN_ACTION,
    errors.UnknownProtocol: problems.UNKNOWN_PROTOCOL,
    errors.CidrFamilyMismatch: problems.CIDR_FAMILY_MISMATCH,
    errors.PortRangeInverted: problems.PORT_RANGE_INVERTED,
    errors.SelectorSyntaxError: problems.SELECTOR_SYNTAX_ERROR,
    errors.InvalidRule: problems.INVALID_BODY,
    errors.InvalidSlug: problems.INVALID_BODY,
    errors.PolicySlugTaken: problems.POLICY_SLUG_TAKEN,
    errors.PolicyNotFound: problems.POLICY_NOT_FOUND,
    errors.ProjectNotFound: problems.PROJECT_NOT_FOUND,
    errors.PolicyTooLarge: problems.POLICY_TOO_LARGE,
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
BAD_SLUG: Final = "A slug is a lower-case letter and up to 63 more of a-z, 0-9 and dash."


def _detail(error: errors.PolicyError) -> str:
    match error:
        case errors.InvalidRule():
            return FAULT_IN_WORDS[error.fault]
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
    delete_policy: DeletePolicy
    doorways: Doorways

    async def page(self, permitted: Permitted, project_id: UUID, wanted: PageRequest, /) -> Page[PolicyView]:
        """Return a page, by the ids of the policies."""
        after = PolicyId(UUID(wanted.position)) if wanted.position else None
        with TRANSLATED:
            page = await self.list_policies(ProjectId(project_id), after, wanted.limit)
        position = "" if page.is_last else str(page.headers[-1].id)
        return Page(tuple(map(_of_header, page.headers)), position)

    async def create(self, permitted: Permitted, project_id: UUID, wish: NewPolicy, /) -> PolicyView:
        """Make a policy; its audit row commits with it."""
        with TRANSLATED:
            async with self.doorways(project_id), self.unit_of_work():
                created = await self.create_policy(_draft(permitted, ProjectId(project_id), wish))
                self._record(permitted, created.domain_id, created.policy.id)
        return _view(created.policy)

    async def get(self, permitted: Permitted, project_id: UUID, policy_id: UUID, /) -> PolicyView:
        """Return one with its head."""
        with TRANSLATED:
            found = await self.get_policy(ProjectId(project_id), PolicyId(policy_id))
        return _view(found.policy)

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


def _draft(permitted: Permitted, project_id: ProjectId, wish: NewPolicy) -> PolicyDraft:
    return PolicyDraft(
        project_id=project_id,
        slug=wish.slug,
        display_name=wish.display_name,
        source_selector=wish.source_selector,
        destination_selector=wish.destination_selector,
        rules=tuple(_words(rule) for rule in wish.rules),
        author=permitted.caller.subject,
        correlation_id=CORRELATION_ID.get() or None,
        confirm=wish.confirm,
    )


def _words(rule: RuleText) -> RuleWords:
    return RuleWords(rule.action, rule.protocol, rule.source_cidr, rule.destination_cidr, rule.ports)


def _of_header(header: PolicyHeader) -> PolicyView:
    return PolicyView(
        id=header.id,
        project_id=header.project_id,
        slug=header.slug,
        display_name=header.display_name,
        head_revision_id=header.head_revision_id,
        created_at=header.created_at,
        updated_at=header.updated_at,
    )


def _view(policy: NetworkPolicy) -> PolicyView:
    return PolicyView(
        id=policy.id,
        project_id=policy.project_id,
        slug=policy.slug,
        display_name=policy.display_name,
        head_revision_id=policy.head.id,
        created_at=policy.created_at,
        updated_at=policy.updated_at,
        head=_head(policy.head),
    )


def _head(head: Revision) -> RevisionView:
    return RevisionView(
        id=head.id,
        policy_id=head.policy_id,
        parent_id=head.parent_id,
        source_selector=head.selector.source.text,
        destination_selector=head.selector.destination.text,
        rules=tuple(map(_text, head.rules)),
        created_at=head.created_at,
        created_by=head.created_by,
        correlation_id=head.correlation_id,
    )


def _text(rule: Rule) -> RuleText:
    ports = (rule.ports.first, rule.ports.last) if rule.ports else None
    return RuleText(
        rule.action.value, rule.protocol.value, str(rule.source_cidr), str(rule.destination_cidr), ports
    )
