"""Policies from the HTTP surface to the mesh that is told, over stores in memory."""

from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest

from plexsphere.composition.bridges.policies import PoliciesBridge
from plexsphere.composition.bridges.policy_history import PolicyHistoryBridge
from plexsphere.composition.doorway import Doorways
from plexsphere.policy.application.diff_policy_revisions import DiffPolicyRevisions
from plexsphere.policy.application.get_policy_revision import GetPolicyRevision
from plexsphere.policy.application.list_policies import ListPolicies
from plexsphere.policy.application.list_policy_revisions import ListPolicyRevisions
from tests.support.api import ABSENT, Surface, code_of, surface
from tests.support.identity import MemoryAuditTrail
from tests.support.policy import DOMAIN, OTHER_PROJECT, PROJECT
from tests.support.policy_desk import PolicyDesk
from tests.unit.policy import fleets

ALL: Final = f"/v1/projects/{PROJECT}/policies"
EVERYBODY: Final = {"source": "*", "destination": "*"}
ALLOW: Final = {
    "action": "allow",
    "protocol": "any",
    "source_cidr": "0.0.0.0/0",
    "destination_cidr": "0.0.0.0/0",
}
DENY: Final = {**ALLOW, "action": "deny"}
HTTP: Final = {**ALLOW, "protocol": "tcp", "ports": {"from": 80, "to": 80}}


@dataclass
class Api:
    """The surface over a desk with 15 nodes that nobody lets see each other."""

    desk: PolicyDesk
    built: Surface

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request, and let the index follow what it did."""
        answer = await self.built.call(method, path, **options)
        await self.desk.catch_up()
        return answer

    async def policy(self, slug: str = "web", *rules: Any) -> str:
        """Make a policy and return where it is."""
        body = {"slug": slug, "selector": EVERYBODY, "rules": list(rules) or [ALLOW]}
        answer = await self.call("POST", ALL, json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.headers["location"])

    async def say(self, path: str, *rules: Any, **more: Any) -> httpx.Response:
        """Have a policy say something else."""
        return await self.call("PATCH", path, json={"selector": EVERYBODY, "rules": list(rules), **more})


@pytest.fixture
async def api() -> Api:
    desk = PolicyDesk()
    await desk.follow()
    for number in range(15):
        desk.views.index(DOMAIN).put_member(fleets.member(number))
    find_revision = GetPolicyRevision(desk.get, desk.policies)
    policies = PoliciesBridge(
        desk.unit_of_work,
        MemoryAuditTrail(),
        ListPolicies(desk.projects, desk.policies),
        desk.create,
        desk.get,
        desk.update,
        desk.delete,
        desk.dry_run,
        Doorways(),
    )
    history = PolicyHistoryBridge(
        ListPolicyRevisions(desk.get, desk.policies), find_revision, DiffPolicyRevisions(find_revision)
    )
    return Api(desk, surface(policies=policies, policy_history=history))


async def test_an_update_is_a_new_head_and_the_former_one_stays_to_be_seen(api: Api) -> None:
    one = await api.policy()
    before = (await api.call("GET", one)).json()

    updated = await api.say(one, ALLOW, HTTP, expected_revision_id=before["head_revision_id"])

    assert (updated.status_code, updated.json()) == (200, (await api.call("GET", one)).json())
    head = updated.json()["head"]
    assert (head["parent_id"], head["rules"]) == (before["head_revision_id"], [ALLOW, HTTP])
    former = await api.call("GET", f"{one}/revisions/{head['parent_id']}")
    assert (former.status_code, former.json()) == (200, before["head"])


async def test_an_update_that_says_nothing_new_changes_nothing(api: Api) -> None:
    one = await api.policy()
    before = (await api.call("GET", one)).json()
    told = len(api.desk.told)

    assert (await api.say(one, ALLOW)).json() == before
    assert len(api.desk.told) == told


async def test_a_late_update_is_a_conflict(api: Api) -> None:
    one = await api.policy()
    head = (await api.call("GET", one)).json()["head_revision_id"]
    await api.say(one, HTTP)

    answer = await api.say(one, ALLOW, expected_revision_id=head)

    assert (answer.status_code, code_of(answer)) == (409, "revision_conflict")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"rules": [{**ALLOW, "action": "permit"}]}, 422, "unknown_action"),
        ({"rules": [{**ALLOW, "protocol": "sctp"}]}, 422, "unknown_protocol"),
        ({"rules": [{**ALLOW, "source_cidr": "::/0"}]}, 422, "cidr_family_mismatch"),
        ({"rules": [{**HTTP, "ports": {"from": 2, "to": 1}}]}, 422, "port_range_inverted"),
        ({"selector": {"source": "", "destination": "*"}}, 422, "selector_syntax_error"),
        ({"rules": []}, 400, "invalid_body"),
        ({"rules": [{**HTTP, "ports": None}]}, 400, "invalid_body"),
    ],
)
async def test_an_update_that_no_policy_can_say_is_refused_by_name(
    api: Api, change: dict[str, Any], status: int, code: str
) -> None:
    one = await api.policy()

    answer = await api.call("PATCH", one, json={"selector": EVERYBODY, "rules": [ALLOW], **change})

    assert (answer.status_code, code_of(answer)) == (status, code)


async def test_an_update_that_darkens_the_domain_is_confirmed_in_its_body(api: Api) -> None:
    """D34: 105 of 105 pairs."""
    one = await api.policy()

    refused = await api.say(one, DENY)
    confirmed = await api.say(one, DENY, confirm=True)

    assert (refused.status_code, code_of(refused)) == (409, "confirmation_required")
    assert refused.json()["detail"] == "105 of 105 visible pairs would vanish; confirm to proceed."
    assert confirmed.status_code == 200
    assert api.desk.views.index(DOMAIN).pairs() == 0


async def test_every_revision_is_listed_once_newest_first(api: Api) -> None:
    """H42."""
    one = await api.policy()
    for port in range(1, 5):
        await api.say(one, {**HTTP, "ports": {"from": port, "to": port}})

    seen: list[Any] = []
    query: dict[str, str] = {"limit": "2"}
    for _ in range(3):
        page = (await api.call("GET", f"{one}/revisions", params=query)).json()
        seen += page["items"]
        query["cursor"] = page.get("next_cursor", "")

    assert query["cursor"] == ""
    assert [each["rules"][0].get("ports", {}).get("from") for each in seen] == [4, 3, 2, 1, None]
    assert [each.get("parent_id") for each in seen] == [each["id"] for each in seen[1:]] + [None]


async def test_a_cursor_of_one_policy_leads_nowhere_in_another(api: Api) -> None:
    one, other = await api.policy("one"), await api.policy("other")
    await api.say(one, HTTP)
    cursor = (await api.call("GET", f"{one}/revisions?limit=1")).json()["next_cursor"]

    answer = await api.call("GET", f"{other}/revisions", params={"cursor": cursor})

    assert (answer.status_code, code_of(answer)) == (400, "invalid_cursor")


async def test_a_revision_of_another_policy_is_not_visible(api: Api) -> None:
    one, other = await api.policy("one"), await api.policy("other")
    foreign = (await api.call("GET", other)).json()["head_revision_id"]
    own = (await api.call("GET", one)).json()["head_revision_id"]

    for path in (
        f"{one}/revisions/{foreign}",
        f"{one}/revisions/{ABSENT}",
        f"{one}/diff?from_revision={own}&to_revision={foreign}",
        f"{one}/diff?from_revision={foreign}&to_revision={own}",
    ):
        answer = await api.call("GET", path)
        assert (answer.status_code, code_of(answer)) == (404, "revision_not_visible")


async def test_a_diff_knows_rules_by_what_they_are_about(api: Api) -> None:
    one = await api.policy("web", ALLOW, HTTP)
    before = (await api.call("GET", one)).json()["head_revision_id"]
    https = {**HTTP, "ports": {"from": 443, "to": 443}}
    after = (await api.say(one, https, DENY, confirm=True)).json()["head_revision_id"]
    again = (await api.say(one, DENY, https)).json()["head_revision_id"]

    diff = await api.call("GET", f"{one}/diff?from_revision={before}&to_revision={after}")
    reordered = await api.call("GET", f"{one}/diff?from_revision={after}&to_revision={again}")

    assert diff.json() == {
        "added": [https],
        "removed": [HTTP],
        "modified": [{"before": ALLOW, "after": DENY}],
    }
    assert reordered.json() == {"added": [], "removed": [], "modified": []}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/revisions/latest", "invalid_revision_id"),
        ("/diff", "invalid_revision_id"),
        (f"/diff?from_revision={ABSENT}", "invalid_revision_id"),
        (f"/diff?from_revision={ABSENT}&to_revision=head", "invalid_revision_id"),
        (f"/diff?from_revision={ABSENT}&from_revision={ABSENT}&to_revision={ABSENT}", "invalid_revision_id"),
    ],
)
async def test_what_is_no_revision_id_is_refused_by_name(api: Api, path: str, code: str) -> None:
    one = await api.policy()

    answer = await api.call("GET", one + path)

    assert (answer.status_code, code_of(answer)) == (400, code)


async def test_another_projects_policy_has_no_history_and_takes_no_update(api: Api) -> None:
    one = (await api.policy()).replace(str(PROJECT), str(OTHER_PROJECT))

    answers = [
        await api.say(one, HTTP),
        *[await api.call("GET", one + rest) for rest in ("", "/revisions", f"/revisions/{ABSENT}")],
        await api.call("GET", f"{one}/diff?from_revision={ABSENT}&to_revision={ABSENT}"),
    ]

    assert {(answer.status_code, code_of(answer)) for answer in answers} == {(404, "policy_not_found")}


TEST: Final = {
    "name": "everybody pings",
    "source": {"selector": "*"},
    "destination": {"mesh_ip": "10.100.0.3"},
    "protocol": "tcp",
    "port": 80,
    "expect": "allow",
}


async def test_tests_are_shown_with_the_revision_that_has_them(api: Api) -> None:
    body = {"slug": "web", "selector": EVERYBODY, "rules": [ALLOW], "tests": [TEST]}
    created = await api.call("POST", ALL, json=body)
    one = created.headers["location"]

    kept = await api.say(one, ALLOW, HTTP)
    dropped = await api.say(one, ALLOW, HTTP, tests=[])

    assert created.json()["head"]["tests"] == kept.json()["head"]["tests"] == [TEST]
    assert "tests" not in dropped.json()["head"]
    former = (await api.call("GET", f"{one}/revisions/{dropped.json()['head']['parent_id']}")).json()
    assert former["tests"] == [TEST]


async def test_a_change_that_breaks_a_test_is_refused_and_named(api: Api) -> None:
    one = await api.policy()
    await api.say(one, ALLOW, tests=[TEST])
    before = (await api.call("GET", one)).json()
    denial = {"slug": "no", "selector": EVERYBODY, "rules": [{**HTTP, "action": "deny"}]}

    answers = [
        await api.call("POST", ALL, json=denial),
        await api.say(one, {**HTTP, "action": "deny"}, ALLOW),
        await api.say(one, ALLOW, tests=[TEST, {**TEST, "name": "quiet", "expect": "deny"}]),
    ]

    assert {(answer.status_code, code_of(answer)) for answer in answers} == {(409, "policy_test_broken")}
    assert [answer.json()["detail"] for answer in answers] == [
        "The test 'everybody pings' of the policy web would not hold.",
        "The test 'everybody pings' of the policy web would not hold.",
        "The test 'quiet' of the policy web would not hold.",
    ]
    assert (await api.call("GET", one)).json() == before
    assert (await api.call("DELETE", f"{one}?confirm=true")).status_code == 204


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"name": ""}, 400, "invalid_body"),
        ({"port": None}, 400, "invalid_body"),
        ({"expect": "accept"}, 400, "invalid_body"),
        ({"source": {}}, 400, "invalid_body"),
        ({"source": {"selector": "*", "hostname": "db"}}, 400, "invalid_body"),
        ({"protocol": "sctp"}, 422, "unknown_protocol"),
        ({"source": {"selector": ""}}, 422, "selector_syntax_error"),
    ],
)
async def test_a_test_that_cannot_be_read_is_refused(
    api: Api, change: dict[str, Any], status: int, code: str
) -> None:
    one = await api.policy()

    answer = await api.say(one, ALLOW, tests=[{**TEST, **change}])

    assert (answer.status_code, code_of(answer)) == (status, code)


async def test_a_project_has_at_most_512_tests(api: Api) -> None:
    tests = [{**TEST, "name": f"t-{number}"} for number in range(64)]
    for number in range(8):
        body = {"slug": f"p-{number}", "selector": EVERYBODY, "rules": [ALLOW], "tests": tests}
        assert (await api.call("POST", ALL, json=body)).status_code == 201

    body = {"slug": "one-more", "selector": EVERYBODY, "rules": [ALLOW], "tests": [TEST]}
    answer = await api.call("POST", ALL, json=body)

    assert (answer.status_code, code_of(answer)) == (422, "too_many_policy_tests")


async def test_a_dry_run_tells_what_an_update_would_do_and_does_nothing(api: Api) -> None:
    """Of 15 nodes one at each end of the range is told apart by its address."""
    one = await api.policy("web", ALLOW, HTTP)
    before, asked = (await api.call("GET", one)).json(), api.desk.store.state.copy()
    first = {**DENY, "source_cidr": "10.100.0.0/32"}
    last = {**DENY, "destination_cidr": "10.100.0.0/32"}

    answer = await api.call(
        "POST", f"{one}/dry-run", json={"selector": EVERYBODY, "rules": [first, ALLOW, last]}
    )

    told = answer.json()
    lonely = str(fleets.node_id(0))
    assert answer.status_code == 200
    assert told["matched_node_ids"] == [str(fleets.node_id(number)) for number in range(15)]
    assert told["rule_diff"] == {"added": [first, last], "removed": [HTTP], "modified": []}
    assert (told["peer_pairs_affected"], told["pairs_gained"], told["pairs_lost"]) == (14, 0, 14)
    assert told["lost_pairs"] == [[lonely, str(fleets.node_id(number))] for number in range(1, 15)]
    assert (told["unreachable_node_ids"], told["unreachable_node_count"]) == ([lonely], 1)
    assert (told["gained_pairs"], told["failed_tests"]) == ([], [])
    assert (told["confirmation_required"], told["policy_too_large"]) == (False, False)
    assert api.desk.store.state == asked
    assert (await api.call("GET", one)).json() == before
    assert api.desk.views.index(DOMAIN).pairs() == 105


async def test_a_dry_run_tells_what_would_stand_in_the_way(api: Api) -> None:
    """D34, and the tests of all policies of the Project."""
    one = await api.policy()
    await api.say(one, ALLOW, tests=[TEST])

    told = (await api.call("POST", f"{one}/dry-run", json={"selector": EVERYBODY, "rules": [DENY]})).json()

    assert (told["confirmation_required"], told["unreachable_node_count"]) == (True, 15)
    [failed] = told["failed_tests"]
    assert (failed["policy_slug"], failed["name"], failed["by_change"]) == ("web", "everybody pings", True)
    assert failed["destination_node_id"] == str(fleets.node_id(3))


async def test_a_dry_run_tells_tests_that_fail_already_and_blames_nobody(api: Api) -> None:
    rule = {**HTTP, "source_cidr": "10.100.0.0/28"}
    one = await api.policy("web", rule)
    await api.say(one, rule, tests=[TEST])
    api.desk.views.index(DOMAIN).put_member(fleets.member(99, address=1 << 12))

    kept = await api.call("POST", f"{one}/dry-run", json={"selector": EVERYBODY, "rules": [rule]})
    tests = [{**TEST, "source": {"mesh_ip": "10.100.0.1"}}]
    mended = await api.call(
        "POST", f"{one}/dry-run", json={"selector": EVERYBODY, "rules": [rule], "tests": tests}
    )

    assert [(each["by_change"], each["source_node_id"]) for each in kept.json()["failed_tests"]] == [
        (False, str(fleets.node_id(99)))
    ]
    assert mended.json()["failed_tests"] == []


async def test_a_dry_run_of_what_no_policy_can_say_is_refused(api: Api) -> None:
    one = await api.policy()
    elsewhere = one.replace(str(PROJECT), str(OTHER_PROJECT))
    body = {"selector": EVERYBODY, "rules": [ALLOW]}

    answers = [
        await api.call("POST", f"{one}/dry-run", json={**body, "rules": [{**ALLOW, "action": "permit"}]}),
        await api.call("POST", f"{one}/dry-run", json={**body, "rules": []}),
        await api.call("POST", f"{one}/dry-run", json={**body, "confirm": True}),
        await api.call("POST", f"{elsewhere}/dry-run", json=body),
    ]
    api.desk.mesh.gone.add(DOMAIN)
    answers.append(await api.call("POST", f"{one}/dry-run", json=body))

    assert [code_of(answer) for answer in answers] == [
        "unknown_action",
        "invalid_body",
        "invalid_body",
        "policy_not_found",
        "policy_not_found",
    ]
