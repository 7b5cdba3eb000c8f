"""What the log tells each node of a policy's change is exactly what changed for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plexsphere.composition.bridges.policy_tellings import PolicyTellingsBridge
from plexsphere.platform.kernel.events import Announcement, EventType, SubjectKind
from plexsphere.platform.kernel.ids import NodeId
from plexsphere.policy.application.policy_change import PolicyChange
from plexsphere.policy.application.policy_draft import PolicyDraft
from plexsphere.policy.application.wording import RuleWords, Wording
from plexsphere.policy.domain.member import Member
from plexsphere.policy.domain.policy import NetworkPolicy
from plexsphere.policy.domain.rule import Rule
from tests.support.policy import DOMAIN, PROJECT, a_draft
from tests.support.policy_desk import PolicyDesk
from tests.unit.policy import fleets, naive

Pairs = frozenset[frozenset[NodeId]]


@dataclass
class Heard:
    """What was announced, in order."""

    rows: list[Announcement] = field(default_factory=list)

    def announce(self, rows: Iterable[Announcement]) -> None:
        self.rows += rows

    def subjects(self, event_type: EventType, node_id: NodeId) -> list[NodeId]:
        """Return the subjects of the frames that reach the node, in order; nobody is told of itself."""
        return [
            NodeId(frame.subject)
            for row in self.rows
            if node_id in (row.recipients or ())
            for frame in row.frames
            if frame.event_type is event_type and frame.subject != node_id
        ]

    @property
    def asked_to_reconcile(self) -> set[NodeId]:
        return {node_id for row in self.rows for node_id in row.reconcile}


async def a_desk(members: Iterable[Member]) -> tuple[PolicyDesk, Heard]:
    heard = Heard()
    desk = PolicyDesk(PolicyTellingsBridge(heard))
    await desk.follow()
    for member in members:
        desk.views.index(DOMAIN).put_member(member)
    return desk, heard


def words(rules: Iterable[Rule]) -> tuple[RuleWords, ...]:
    return tuple(
        RuleWords(
            rule.action.value,
            rule.protocol.value,
            str(rule.source_cidr),
            str(rule.destination_cidr),
            (rule.ports.first, rule.ports.last) if rule.ports else None,
        )
        for rule in rules
    )


drafts = st.builds(
    lambda rules, source, destination: a_draft(*words(rules), source=source, destination=destination),
    fleets.rule_lists,
    fleets.selectors,
    fleets.selectors,
)


def changed(policy: NetworkPolicy, wish: PolicyDraft) -> PolicyChange:
    wording = Wording(wish.source_selector, wish.destination_selector, wish.rules)
    return PolicyChange(PROJECT, policy.id, wording, wish.author, confirm=True)


def assert_told(heard: Heard, members: Sequence[Member], before: Pairs, after: Pairs) -> None:
    assert heard.asked_to_reconcile == set()
    for node_id in [member.node_id for member in members]:
        gained, lost = partners(node_id, after - before), partners(node_id, before - after)
        assert heard.subjects(EventType.PEER_ADDED, node_id) == sorted(gained)
        assert heard.subjects(EventType.PEER_REMOVED, node_id) == sorted(lost)


def partners(node_id: NodeId, pairs: Pairs) -> set[NodeId]:
    return {other for pair in pairs if node_id in pair for other in pair} - {node_id}


@settings(max_examples=60, deadline=None)
@given(
    labels=st.lists(fleets.labels, min_size=2, max_size=8),
    standing=st.lists(drafts, max_size=2),
    draft=drafts,
    edit=drafts,
)
async def test_each_node_is_told_exactly_the_pairs_that_a_policy_makes_and_ends(
    labels: Sequence[dict[str, str]], standing: Sequence[PolicyDraft], draft: PolicyDraft, edit: PolicyDraft
) -> None:
    members = [replace(fleets.member(number), labels=each) for number, each in enumerate(labels)]
    desk, heard = await a_desk(members)
    policies: list[NetworkPolicy] = []
    for number, each in enumerate(standing):
        policies.append((await desk.create(replace(each, slug=f"p-{number}"))).policy)
    await desk.catch_up()
    before = naive.visible_pairs(policies, members)
    compiled = {each.node_id: desk.views.index(DOMAIN).compiled(each.node_id) for each in members}

    heard.rows.clear()
    new = (await desk.create(replace(draft, slug="new"))).policy
    await desk.catch_up()

    assert_told(heard, members, before, naive.visible_pairs([*policies, new], members))
    for member in members:
        if desk.views.index(DOMAIN).compiled(member.node_id) != compiled[member.node_id]:
            assert heard.subjects(EventType.POLICY_UPDATED, member.node_id) == [new.id]

    heard.rows.clear()
    compiled = {each.node_id: desk.views.index(DOMAIN).compiled(each.node_id) for each in members}
    edited = (await desk.update(changed(new, edit))).policy
    await desk.catch_up()

    was, now = (naive.visible_pairs([*policies, each], members) for each in (new, edited))
    assert_told(heard, members, was, now)
    for member in members:
        if desk.views.index(DOMAIN).compiled(member.node_id) != compiled[member.node_id]:
            assert heard.subjects(EventType.POLICY_UPDATED, member.node_id) == [new.id]

    heard.rows.clear()
    await desk.delete(PROJECT, new.id, confirm=True)

    assert_told(heard, members, now, before)


async def test_a_policy_that_changes_nothing_still_lets_followers_read_it() -> None:
    desk, heard = await a_desk([])

    policy = (await desk.create(a_draft())).policy

    assert heard.rows == [Announcement(DOMAIN, SubjectKind.POLICY, policy.id)]


@pytest.mark.parametrize(("nodes", "is_told_by_events"), [(65, True), (66, False)])
async def test_nobody_hears_of_more_than_64_pairs_one_by_one(nodes: int, is_told_by_events: bool) -> None:
    """D14: more than 64 changed pairs are told by asking for a reconciliation, and by no event for a pair."""
    members = [fleets.member(number) for number in range(nodes)]
    everybody = {member.node_id for member in members}
    desk, heard = await a_desk(members)

    policy = (await desk.create(a_draft())).policy

    assert heard.asked_to_reconcile == (set() if is_told_by_events else everybody)
    for node_id in everybody:
        told = heard.subjects(EventType.PEER_ADDED, node_id)
        assert told == (sorted(everybody - {node_id}) if is_told_by_events else [])
        assert heard.subjects(EventType.POLICY_UPDATED, node_id) == [policy.id]


async def test_losses_come_with_their_reason_and_name_their_recipients() -> None:
    members = [fleets.member(number) for number in range(3)]
    desk, heard = await a_desk(members)
    policy = (await desk.create(a_draft())).policy
    heard.rows.clear()

    await desk.delete(PROJECT, policy.id, confirm=False)

    losses = [row for row in heard.rows if row.frames and row.frames[0].event_type is EventType.PEER_REMOVED]
    assert losses
    assert all(row.reason == "policy" and row.recipients for row in losses)
