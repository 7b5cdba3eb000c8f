from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import pytest

from plexsphere.api import catalogue
from plexsphere.api.callers import Permitted
from plexsphere.api.paging import Page, PageRequest
from plexsphere.api.problem import Problem, Refusal
from plexsphere.api.v1.policies import problems
from plexsphere.api.v1.policies.wiring import NewPolicy, PolicyEdit, PolicyView, RevisionView
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.subjects import project_object
from tests.architecture.tree import ROOT
from tests.support.api import ABSENT, AS_ROBOT, PROJECT, ROBOT, Surface, code_of, surface

NOW: Final = datetime(2026, 3, 1, tzinfo=UTC)
ALL: Final = f"/v1/projects/{PROJECT}/policies"
RULE: Final = {
    "action": "allow",
    "protocol": "tcp",
    "source_cidr": "10.0.0.0/8",
    "destination_cidr": "10.0.0.0/8",
    "ports": {"from": 80, "to": 443},
}
POLICY: Final = {"slug": "web", "selector": {"source": "*", "destination": "role=db"}, "rules": [RULE]}


@dataclass
class MemoryPolicies:
    """Keeps policies; a removal or creation must be confirmed while `wary`."""

    kept: dict[UUID, PolicyView] = field(default_factory=dict)
    wary: bool = False
    proofs: list[Permitted] = field(default_factory=list)
    edits: list[PolicyEdit] = field(default_factory=list)

    async def page(self, permitted: Permitted, project_id: UUID, wanted: PageRequest, /) -> Page[PolicyView]:
        rows = [row for name, row in sorted(self.kept.items()) if str(name) > wanted.position]
        cut = tuple(rows[: wanted.limit])
        return Page(cut, str(cut[-1].id) if len(rows) > len(cut) else "")

    async def create(self, permitted: Permitted, project_id: UUID, wish: NewPolicy, /) -> PolicyView:
        self._require_confirmed(wish.confirm)
        self.proofs.append(permitted)
        policy_id, revision_id = mint_id(), mint_id()
        head = RevisionView(
            id=revision_id,
            policy_id=policy_id,
            parent_id=None,
            source_selector=wish.source_selector,
            destination_selector=wish.destination_selector,
            rules=wish.rules,
            created_at=NOW,
            created_by=str(permitted.caller.subject),
            correlation_id=None,
        )
        view = PolicyView(policy_id, project_id, wish.slug, wish.display_name, revision_id, NOW, NOW, head)
        self.kept[policy_id] = view
        return view

    async def change(
        self, permitted: Permitted, project_id: UUID, policy_id: UUID, edit: PolicyEdit, /
    ) -> PolicyView:
        self._require_confirmed(edit.confirm)
        self.proofs.append(permitted)
        self.edits.append(edit)
        return self.kept[policy_id]

    async def get(self, permitted: Permitted, project_id: UUID, policy_id: UUID, /) -> PolicyView:
        if policy_id not in self.kept:
            raise Refusal(problems.POLICY_NOT_FOUND)
        return self.kept[policy_id]

    async def remove(
        self, permitted: Permitted, project_id: UUID, policy_id: UUID, /, *, confirm: bool
    ) -> None:
        self._require_confirmed(confirm)
        self.kept.pop((await self.get(permitted, project_id, policy_id)).id)

    def _require_confirmed(self, confirm: bool) -> None:
        if self.wary and not confirm:
            raise Refusal(problems.CONFIRMATION_REQUIRED)


@pytest.fixture
def policies() -> MemoryPolicies:
    return MemoryPolicies()


@pytest.fixture
def built(policies: MemoryPolicies) -> Surface:
    return surface(policies=policies)


async def test_a_policy_is_created_and_found_where_the_answer_points(
    built: Surface, policies: MemoryPolicies
) -> None:
    created = await built.call("POST", ALL, json={**POLICY, "display_name": "Web"})
    shown = (await built.call("GET", created.headers["location"])).json()

    assert created.status_code == 201
    assert created.json() == shown
    assert shown["head"]["rules"] == [RULE]
    assert shown["head"]["selector"] == POLICY["selector"]
    assert shown["head_revision_id"] == shown["head"]["id"]
    assert "parent_id" not in shown["head"]
    [proof] = policies.proofs
    assert (proof.permission, proof.object, proof.relation) == (
        "manage",
        project_object(PROJECT),
        "policy.create",
    )


async def test_a_list_shows_policies_without_what_they_were_not_given(built: Surface) -> None:
    rule = {name: value for name, value in RULE.items() if name != "ports"} | {"protocol": "any"}
    await built.call("POST", ALL, json={**POLICY, "rules": [rule]})

    [row] = (await built.call("GET", ALL)).json()["items"]

    assert "display_name" not in row
    assert row["head"]["rules"] == [rule]


@pytest.mark.parametrize(
    "change",
    [
        {"rules": [{**RULE, "ports": {"from": 80}}]},
        {"rules": [{**RULE, "port": 80}]},
        {"rules": {}},
        {"selector": "*"},
        {"selector": {"source": "*"}},
        {"slug": None},
        {"display_name": ""},
        {"confirm": "yes"},
        {"expected_revision_id": str(ABSENT)},
    ],
)
async def test_a_body_of_another_shape_is_refused(built: Surface, change: Any) -> None:
    answer = await built.call("POST", ALL, json={**POLICY, **change})

    assert (answer.status_code, code_of(answer)) == (400, "invalid_body")


async def test_1024_rules_fit_into_a_body(built: Surface) -> None:
    wide = {**RULE, "source_cidr": "2001:db8:1111:2222:3333:4444:5555:6666/128"}

    answer = await built.call("POST", ALL, json={**POLICY, "rules": [wide] * 1024})

    assert answer.status_code == 201


@pytest.mark.parametrize(("query", "status"), [("", 409), ("?confirm=false", 409), ("?confirm=true", 204)])
async def test_a_wide_removal_needs_its_confirmation_in_the_query(
    built: Surface, policies: MemoryPolicies, query: str, status: int
) -> None:
    created = await built.call("POST", ALL, json=POLICY)
    policies.wary = True

    answer = await built.call("DELETE", created.headers["location"] + query)

    assert answer.status_code == status
    assert bool(policies.kept) is (status == 409)


@pytest.mark.parametrize("confirm", ["yes", "True", "1", "true&confirm=true"])
async def test_a_confirmation_that_is_no_boolean_is_refused(built: Surface, confirm: str) -> None:
    answer = await built.call("DELETE", f"{ALL}/{ABSENT}?confirm={confirm}")

    assert (answer.status_code, code_of(answer)) == (400, "invalid_parameter")


async def test_a_wide_creation_is_confirmed_in_the_body(built: Surface, policies: MemoryPolicies) -> None:
    policies.wary = True

    refused = await built.call("POST", ALL, json=POLICY)
    confirmed = await built.call("POST", ALL, json={**POLICY, "confirm": True})

    assert (refused.status_code, code_of(refused)) == (409, "confirmation_required")
    assert confirmed.status_code == 201


EDIT: Final = {"selector": POLICY["selector"], "rules": [RULE]}


@pytest.mark.parametrize(
    "patch", [{}, {"selector": EDIT["selector"]}, {"rules": [RULE]}, {"display_name": "x"}]
)
async def test_a_patch_without_selector_and_rules_is_empty(
    built: Surface, policies: MemoryPolicies, patch: Any
) -> None:
    one = (await built.call("POST", ALL, json=POLICY)).headers["location"]

    answer = await built.call("PATCH", one, json=patch)

    assert (answer.status_code, code_of(answer)) == (400, "empty_patch")
    assert policies.edits == []


@pytest.mark.parametrize(
    "change",
    [
        {"selector": None},
        {"rules": None},
        {"slug": "other"},
        {"expected_revision_id": "one"},
        {"expected_revision_id": 1},
        {"display_name": ""},
        {"confirm": None},
    ],
)
async def test_a_patch_of_another_shape_is_refused(built: Surface, change: Any) -> None:
    one = (await built.call("POST", ALL, json=POLICY)).headers["location"]

    answer = await built.call("PATCH", one, json={**EDIT, **change})

    assert (answer.status_code, code_of(answer)) == (400, "invalid_body")


@pytest.mark.parametrize(
    ("given", "name", "expected"),
    [
        ({}, None, None),
        ({"display_name": None, "expected_revision_id": None}, "", None),
        ({"display_name": "Web", "expected_revision_id": str(ABSENT).upper()}, "Web", ABSENT),
    ],
)
async def test_a_patch_tells_a_name_left_alone_from_one_taken_away(
    built: Surface, policies: MemoryPolicies, given: Any, name: str | None, expected: UUID | None
) -> None:
    created = await built.call("POST", ALL, json=POLICY)

    answer = await built.call("PATCH", created.headers["location"], json={**EDIT, **given})

    assert (answer.status_code, answer.json()) == (200, created.json())
    [edit] = policies.edits
    assert (edit.display_name, edit.expected_revision_id) == (name, expected)
    assert policies.proofs[-1].relation == "policy.update"


async def test_readers_of_the_project_read_and_only_managers_write(built: Surface) -> None:
    built.permissions.allow(ROBOT, "read", project_object(PROJECT))
    created = await built.call("POST", ALL, json=POLICY)
    one = created.headers["location"]

    answers = [
        await built.call(method, path, headers=AS_ROBOT, json=POLICY)
        for method, path in [("GET", ALL), ("GET", one), ("POST", ALL), ("PATCH", one), ("DELETE", one)]
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 403, 403, 403]
    denied = [relation for _, relation, _, _ in built.denials.written]
    assert denied == ["policy.create", "policy.update", "policy.delete"]


async def test_every_policy_is_listed_once(built: Surface) -> None:
    """H42."""
    made = {(await built.call("POST", ALL, json=POLICY)).json()["id"] for _ in range(5)}

    seen: list[str] = []
    query: dict[str, str] = {"limit": "2"}
    for _ in range(3):
        page = (await built.call("GET", ALL, params=query)).json()
        seen += [row["id"] for row in page["items"]]
        query["cursor"] = page.get("next_cursor", "")

    assert sorted(seen) == sorted(made)
    assert query["cursor"] == ""


def test_the_page_of_the_surface_names_every_refusal_of_its_own() -> None:
    page = (ROOT / "docs/reference/api/policies.md").read_text()
    common = [each for each in vars(catalogue).values() if isinstance(each, Problem)]
    own = [each for each in vars(problems).values() if isinstance(each, Problem) and each not in common]

    assert own
    assert {problem.code for problem in own if f"`{problem.code}`" not in page} == set()
