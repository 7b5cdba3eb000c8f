"""The policies surface, answered by the use cases of policy."""

from dataclasses import replace
from uuid import UUID

import pytest

from plexsphere.api.callers import Caller, Permitted
from plexsphere.api.paging import PageRequest
from plexsphere.api.problem import Problem, Refusal
from plexsphere.api.v1.policies import problems
from plexsphere.api.v1.policies.wiring import NewPolicy, PolicyEdit, RuleText
from plexsphere.composition.bridges.policies import FAULT_IN_WORDS, TEST_FAULT_IN_WORDS, PoliciesBridge
from plexsphere.composition.doorway import Doorways
from plexsphere.platform.kernel.correlation import CORRELATION_ID
from plexsphere.platform.kernel.subjects import project_object
from plexsphere.policy.application.list_policies import ListPolicies
from plexsphere.policy.domain.errors import PolicyTestFault, RuleFault
from tests.support.identity import EPOCH, MemoryAuditTrail
from tests.support.policy import AUTHOR, DOMAIN, OTHER_PROJECT, PROJECT
from tests.support.policy_desk import PolicyDesk
from tests.unit.policy import fleets

MISSING = UUID(int=0x404)
ALLOW = RuleText("allow", "any", "0.0.0.0/0", "0.0.0.0/0")
WISH = NewPolicy("web", "Web", "*", "app=web", (ALLOW,))
CALLER = Caller(AUTHOR, UUID(AUTHOR.id), None)


def permitted(relation: str = "policy.create") -> Permitted:
    return Permitted(CALLER, "manage", project_object(PROJECT), relation)


class Counter:
    """The bridge over a desk in memory, with its audit trail."""

    def __init__(self) -> None:
        self.desk = PolicyDesk()
        self.trail = MemoryAuditTrail()
        self.bridge = PoliciesBridge(
            self.desk.unit_of_work,
            self.trail,
            ListPolicies(self.desk.projects, self.desk.policies),
            self.desk.create,
            self.desk.get,
            self.desk.update,
            self.desk.delete,
            self.desk.dry_run,
            Doorways(),
        )

    async def refused(self, wish: NewPolicy, project: UUID = PROJECT) -> Refusal:
        with pytest.raises(Refusal) as refusal:
            await self.bridge.create(permitted(), project, wish)
        return refusal.value


@pytest.fixture
async def counter() -> Counter:
    counter = Counter()
    await counter.desk.follow()
    for number in range(15):
        counter.desk.views.index(DOMAIN).put_member(fleets.member(number))
    return counter


def test_every_fault_has_its_words() -> None:
    assert set(FAULT_IN_WORDS) == set(RuleFault)
    assert set(TEST_FAULT_IN_WORDS) == set(PolicyTestFault)


async def test_a_policy_is_shown_as_it_was_wished(counter: Counter) -> None:
    ports = RuleText("deny", "tcp", "10.100.0.0/24", "10.100.1.0/24", (80, 443))
    wish = replace(WISH, rules=(ports, ALLOW))
    token = CORRELATION_ID.set("c-1")
    made = await counter.bridge.create(permitted(), PROJECT, wish)
    CORRELATION_ID.reset(token)

    assert (made.slug, made.display_name, made.project_id) == ("web", "Web", PROJECT)
    assert made.head is not None
    assert (made.head.id, made.head.policy_id) == (made.head_revision_id, made.id)
    assert (made.head.source_selector, made.head.destination_selector) == ("*", "app=web")
    assert made.head.rules == (ports, ALLOW)
    assert (made.head.created_by, made.head.created_at) == (str(AUTHOR), EPOCH)
    assert (made.head.correlation_id, made.head.parent_id) == ("c-1", None)
    assert await counter.bridge.get(permitted(), PROJECT, made.id) == made


async def test_lists_show_policies_without_their_heads(counter: Counter) -> None:
    made = [
        await counter.bridge.create(permitted(), PROJECT, replace(WISH, slug=slug)) for slug in ("b", "a")
    ]

    first = await counter.bridge.page(permitted(), PROJECT, PageRequest(limit=1))
    rest = await counter.bridge.page(permitted(), PROJECT, PageRequest(1, first.position))

    assert first.rows == (replace(made[0], head=None),)
    assert rest.rows == (replace(made[1], head=None),)
    assert rest.position == ""


async def test_what_is_made_and_removed_is_audited_in_the_chain_of_its_domain(counter: Counter) -> None:
    made = await counter.bridge.create(permitted("policy.create"), PROJECT, WISH)
    await counter.bridge.remove(permitted("policy.delete"), PROJECT, made.id, confirm=True)

    assert [entry.relation for entry in counter.trail.entries] == ["policy.create", "policy.delete"]
    for entry in counter.trail.entries:
        assert (entry.chain, entry.subject, entry.object) == (DOMAIN, str(AUTHOR), project_object(PROJECT))
        assert entry.caveat_context == {"policy": str(made.id)}


async def test_each_change_is_audited_and_undone_with_its_audit_row(counter: Counter) -> None:
    made = await counter.bridge.create(permitted(), PROJECT, WISH)
    edit = PolicyEdit("app=db", "*", (replace(ALLOW, action="deny"),), "Database", made.head_revision_id)

    changed = await counter.bridge.change(permitted("policy.update"), PROJECT, made.id, edit)

    assert changed.head is not None
    assert (changed.head.parent_id, changed.display_name) == (made.head_revision_id, "Database")
    assert (changed.head.source_selector, changed.head.rules) == ("app=db", edit.rules)
    assert await counter.bridge.get(permitted(), PROJECT, made.id) == changed
    assert counter.trail.entries[-1].relation == "policy.update"
    assert counter.trail.entries[-1].caveat_context == {"policy": str(made.id)}
    late = replace(edit, source_selector="*")
    with pytest.raises(Refusal) as refused:
        await counter.bridge.change(permitted("policy.update"), PROJECT, made.id, late)
    assert refused.value.problem == problems.REVISION_CONFLICT
    assert len(counter.trail.entries) == 2


async def test_an_audit_row_that_cannot_be_kept_undoes_the_policy(counter: Counter) -> None:
    class Full(MemoryAuditTrail):
        def record(self, entry: object) -> None:
            raise RuntimeError("no room")

    bridge = replace(counter.bridge, trail=Full())

    with pytest.raises(RuntimeError):
        await bridge.create(permitted(), PROJECT, WISH)
    assert counter.desk.store.state.policies == {}
    assert counter.desk.told == []


@pytest.mark.parametrize(
    ("wish", "problem"),
    [
        (replace(WISH, rules=(replace(ALLOW, action="permit"),)), problems.UNKNOWN_ACTION),
        (replace(WISH, rules=(replace(ALLOW, protocol="sctp"),)), problems.UNKNOWN_PROTOCOL),
        (replace(WISH, rules=(replace(ALLOW, source_cidr="::/0"),)), problems.CIDR_FAMILY_MISMATCH),
        (
            replace(WISH, rules=(replace(ALLOW, protocol="tcp", ports=(2, 1)),)),
            problems.PORT_RANGE_INVERTED,
        ),
        (replace(WISH, rules=(replace(ALLOW, protocol="tcp"),)), problems.INVALID_BODY),
        (replace(WISH, rules=(replace(ALLOW, source_cidr="10.0.0.1/8"),)), problems.INVALID_BODY),
        (replace(WISH, rules=()), problems.INVALID_BODY),
        (replace(WISH, slug="Web"), problems.INVALID_BODY),
        (replace(WISH, source_selector=""), problems.SELECTOR_SYNTAX_ERROR),
    ],
)
async def test_what_is_no_policy_is_refused_by_name(
    counter: Counter, wish: NewPolicy, problem: Problem
) -> None:
    refusal = await counter.refused(wish)

    assert refusal.problem == problem
    assert counter.trail.entries == []


async def test_a_refusal_quotes_no_value(counter: Counter) -> None:
    refusal = await counter.refused(replace(WISH, source_selector="sec ret"))

    assert refusal.detail == "A selector cannot be read at character 4."


async def test_a_taken_slug_and_a_missing_project_are_refused(counter: Counter) -> None:
    await counter.bridge.create(permitted(), PROJECT, WISH)

    assert (await counter.refused(WISH)).problem == problems.POLICY_SLUG_TAKEN
    assert (await counter.refused(WISH, MISSING)).problem == problems.PROJECT_NOT_FOUND
    with pytest.raises(Refusal) as refused:
        await counter.bridge.page(permitted(), MISSING, PageRequest())
    assert refused.value.problem == problems.PROJECT_NOT_FOUND


async def test_a_policy_of_another_project_is_not_found(counter: Counter) -> None:
    made = await counter.bridge.create(permitted(), PROJECT, WISH)

    for project, policy in [(OTHER_PROJECT, made.id), (PROJECT, MISSING), (MISSING, made.id)]:
        with pytest.raises(Refusal) as shown:
            await counter.bridge.get(permitted(), project, policy)
        with pytest.raises(Refusal) as removed:
            await counter.bridge.remove(permitted(), project, policy, confirm=True)
        assert shown.value.problem == removed.value.problem == problems.POLICY_NOT_FOUND
    assert len(counter.trail.entries) == 1


async def test_what_would_darken_the_domain_needs_a_confirmation(counter: Counter) -> None:
    """D34: 105 of 105 pairs."""
    everybody = replace(WISH, destination_selector="*")
    made = await counter.bridge.create(permitted(), PROJECT, everybody)
    denial = replace(everybody, slug="no", rules=(replace(ALLOW, action="deny"),))

    assert (await counter.refused(denial)).problem == problems.CONFIRMATION_REQUIRED
    with pytest.raises(Refusal) as refused:
        await counter.bridge.remove(permitted(), PROJECT, made.id, confirm=False)
    assert refused.value.problem == problems.CONFIRMATION_REQUIRED
    assert len(counter.trail.entries) == 1

    await counter.bridge.create(permitted(), PROJECT, replace(denial, confirm=True))
    assert len(counter.trail.entries) == 2
