"""Policies and what is wished of them, between the words of the surface and those of the context."""

from plexsphere.api.callers import Permitted
from plexsphere.api.v1.policies.wiring import (
    EndText,
    FailedTestView,
    NewPolicy,
    PolicyEdit,
    PolicyTestText,
    PolicyTrial,
    PolicyView,
    RehearsalView,
    RevisionView,
    RuleDiffView,
    RuleText,
)
from plexsphere.platform.kernel.correlation import CORRELATION_ID
from plexsphere.platform.kernel.ids import PolicyId, ProjectId
from plexsphere.policy.application.policy_change import PolicyChange
from plexsphere.policy.application.policy_draft import PolicyDraft
from plexsphere.policy.application.wording import EndWords, PolicyTestWords, RuleWords, Wording
from plexsphere.policy.domain.policy import NetworkPolicy, Revision, RevisionId
from plexsphere.policy.domain.policy_test import PolicyTest, PolicyTestEnd
from plexsphere.policy.domain.rehearsal import Rehearsal
from plexsphere.policy.domain.rule import Rule
from plexsphere.policy.domain.rule_diff import RuleDiff
from plexsphere.policy.ports.policies import PolicyHeader


def draft_of(permitted: Permitted, project_id: ProjectId, wish: NewPolicy) -> PolicyDraft:
    """Return the policy as wished."""
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
        tests=tuple(map(_test_words, wish.tests)),
    )


def change_of(
    permitted: Permitted, project_id: ProjectId, policy_id: PolicyId, edit: PolicyEdit
) -> PolicyChange:
    """Return the change as wished."""
    expected = edit.expected_revision_id
    return PolicyChange(
        project_id=project_id,
        policy_id=policy_id,
        wording=Wording(
            edit.source_selector,
            edit.destination_selector,
            tuple(map(_words, edit.rules)),
            None if edit.tests is None else tuple(map(_test_words, edit.tests)),
        ),
        author=permitted.caller.subject,
        display_name=edit.display_name,
        expected_head=None if expected is None else RevisionId(expected),
        correlation_id=CORRELATION_ID.get() or None,
        confirm=edit.confirm,
    )


def trial_of(trial: PolicyTrial) -> Wording:
    """Return what is tried."""
    return Wording(
        trial.source_selector,
        trial.destination_selector,
        tuple(map(_words, trial.rules)),
        None if trial.tests is None else tuple(map(_test_words, trial.tests)),
    )


def rehearsal_view(rehearsal: Rehearsal) -> RehearsalView:
    """Show what would happen."""
    return RehearsalView(
        matched=rehearsal.matched.listed,
        matched_count=rehearsal.matched.count,
        rule_diff=diff_view(rehearsal.rule_diff),
        gained=rehearsal.gained.listed,
        gained_count=rehearsal.gained.count,
        lost=rehearsal.lost.listed,
        lost_count=rehearsal.lost.count,
        unreachable=rehearsal.unreachable.listed,
        unreachable_count=rehearsal.unreachable.count,
        needs_confirmation=rehearsal.needs_confirmation,
        is_too_large=rehearsal.is_too_large,
        failed_tests=tuple(FailedTestView(*each) for each in rehearsal.failed_tests),
    )


def _words(rule: RuleText) -> RuleWords:
    return RuleWords(rule.action, rule.protocol, rule.source_cidr, rule.destination_cidr, rule.ports)


def header_view(header: PolicyHeader) -> PolicyView:
    """Show a policy without what it says."""
    return PolicyView(
        id=header.id,
        project_id=header.project_id,
        slug=header.slug,
        display_name=header.display_name,
        head_revision_id=header.head_revision_id,
        created_at=header.created_at,
        updated_at=header.updated_at,
    )


def policy_view(policy: NetworkPolicy) -> PolicyView:
    """Show a policy with its head."""
    return PolicyView(
        id=policy.id,
        project_id=policy.project_id,
        slug=policy.slug,
        display_name=policy.display_name,
        head_revision_id=policy.head.id,
        created_at=policy.created_at,
        updated_at=policy.updated_at,
        head=revision_view(policy.head),
    )


def revision_view(head: Revision) -> RevisionView:
    """Show what a policy says since a moment."""
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
        tests=tuple(map(_test_text, head.tests)),
    )


def diff_view(diff: RuleDiff) -> RuleDiffView:
    """Show what differs."""
    return RuleDiffView(
        tuple(map(_text, diff.added)),
        tuple(map(_text, diff.removed)),
        tuple((_text(each.before), _text(each.after)) for each in diff.modified),
    )


def _text(rule: Rule) -> RuleText:
    ports = (rule.ports.first, rule.ports.last) if rule.ports else None
    return RuleText(
        rule.action.value, rule.protocol.value, str(rule.source_cidr), str(rule.destination_cidr), ports
    )


def _test_words(test: PolicyTestText) -> PolicyTestWords:
    ends = _end_words(test.source), _end_words(test.destination)
    return PolicyTestWords(test.name, *ends, test.protocol, test.port, test.expect)


def _end_words(end: EndText) -> EndWords:
    return EndWords(end.selector, end.mesh_ip)


def _test_text(test: PolicyTest) -> PolicyTestText:
    protocol, port = test.traffic.protocol.value, test.traffic.first or None
    ends = _end_text(test.source), _end_text(test.destination)
    return PolicyTestText(test.name, *ends, protocol, port, test.expect.value)


def _end_text(end: PolicyTestEnd) -> EndText:
    return EndText(end.selector.text) if end.mesh_ip is None else EndText(mesh_ip=str(end.mesh_ip))
