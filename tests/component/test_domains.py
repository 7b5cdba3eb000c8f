from typing import Any
from uuid import UUID

import pytest

from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable
from tests.support.api import ABSENT, code_of
from tests.support.operator_api import operator_api


async def test_a_domain_is_created_with_defaults_and_found_where_the_answer_points() -> None:
    api = await operator_api()

    created = await api.call("POST", "/v1/domains", json={"name": "Acme", "slug": "acme"})
    shown = await api.call("GET", created.headers["location"])

    assert created.status_code == 201
    assert shown.json() == created.json()
    assert set(shown.json()) == {
        "id",
        "name",
        "slug",
        "mesh_cidr",
        "description",
        "reachability",
        "accept_nsk_bearer",
        "log_denied",
        "created_at",
        "updated_at",
    }
    assert shown.json()["mesh_cidr"] == "10.100.0.0/16"
    assert shown.json()["description"] == ""
    assert shown.json()["accept_nsk_bearer"] is False
    assert shown.json()["log_denied"] is True
    assert shown.json()["reachability"] == {
        "heartbeat_interval": "30s",
        "stale_after": "1m30s",
        "unreachable_after": "5m",
    }


async def test_every_field_of_a_new_domain_is_kept() -> None:
    api = await operator_api()
    body = {
        "name": "Acme",
        "slug": "acme",
        "mesh_cidr": "10.7.0.0/20",
        "description": "one\ntwo",
        "region": "eu-west-1",
        "accept_nsk_bearer": True,
        "log_denied": False,
        "reachability": {"heartbeat_interval": "1m", "stale_after": "3m0s", "unreachable_after": "10m"},
    }

    shown = await api.made("/v1/domains", body)

    assert {name: shown[name] for name in body if name != "reachability"} == {
        name: value for name, value in body.items() if name != "reachability"
    }
    assert shown["reachability"]["unreachable_after"] == "10m"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", "", "invalid_domain"),
        ("name", "a\nb", "invalid_domain"),
        ("name", "x" * 256, "invalid_domain"),
        ("slug", "Acme", "invalid_domain"),
        ("slug", "a_b", "invalid_domain"),
        ("slug", "acme\N{CYRILLIC SMALL LETTER A}", "invalid_domain"),
        ("mesh_cidr", "10.100.0.1/16", "invalid_domain"),
        ("mesh_cidr", "fd00::/64", "invalid_domain"),
        ("description", "x" * 1025, "invalid_domain"),
        ("region", "EU", "invalid_domain"),
        ("name", 7, "invalid_body"),
        ("slug", None, "invalid_body"),
        ("accept_nsk_bearer", "yes", "invalid_body"),
        ("id", "0190f3a0-0000-7000-8000-000000000001", "invalid_body"),
        ("reachability", {"heartbeat_interval": "soon"}, "invalid_reachability_policy"),
        ("reachability", {"heartbeat_interval": "0s"}, "invalid_reachability_policy"),
        ("reachability", {"heartbeat_interval": "2h"}, "invalid_reachability_policy"),
        (
            "reachability",
            {"heartbeat_interval": "30s", "stale_after": "2m"},
            "invalid_reachability_policy",
        ),
        ("reachability", {"heartbeat_interval": 30}, "invalid_body"),
    ],
)
async def test_a_field_that_breaks_its_rule_is_refused_by_name(field: str, value: Any, code: str) -> None:
    """M01, M05: names are plain, ids are never assigned."""
    api = await operator_api()

    answer = await api.call("POST", "/v1/domains", json={"name": "Acme", "slug": "acme", field: value})

    assert (answer.status_code, code_of(answer)) == (400, code)
    assert api.trail.entries == []


async def test_a_slug_is_taken_once() -> None:
    api = await operator_api()
    await api.domain("acme")

    answer = await api.call("POST", "/v1/domains", json={"name": "Other", "slug": "acme"})

    assert (answer.status_code, code_of(answer)) == (409, "domain_slug_conflict")


async def test_a_patch_changes_what_it_names_and_nothing_else() -> None:
    api = await operator_api()
    domain = await api.made(
        "/v1/domains", {"name": "Acme", "slug": "acme", "description": "old", "region": "eu"}
    )

    answer = await api.call("PATCH", f"/v1/domains/{domain['id']}", json={"name": "New"})

    assert answer.status_code == 200
    assert answer.json() == {**domain, "name": "New", "updated_at": answer.json()["updated_at"]}


async def test_null_empties_the_description_and_unpins_the_region() -> None:
    api = await operator_api()
    domain = await api.made(
        "/v1/domains", {"name": "Acme", "slug": "acme", "description": "old", "region": "eu"}
    )

    answer = await api.call(
        "PATCH", f"/v1/domains/{domain['id']}", json={"description": None, "region": None}
    )

    assert answer.json()["description"] == ""
    assert "region" not in answer.json()


@pytest.mark.parametrize(
    ("patch", "status", "code"),
    [
        ({}, 400, "empty_patch"),
        ({"slug": "other"}, 400, "slug_immutable"),
        ({"name": None}, 400, "invalid_body"),
        ({"name": ""}, 400, "invalid_domain"),
        ({"mesh_cidr": "nowhere"}, 400, "invalid_domain"),
        ({"mesh_cidr": "10.9.0.0/24"}, 422, "mesh_cidr_invalidates_subrange"),
        ({"reachability": {"heartbeat_interval": "x"}}, 400, "invalid_reachability_policy"),
    ],
)
async def test_a_patch_that_cannot_be_is_refused(patch: Any, status: int, code: str) -> None:
    api = await operator_api()
    domain_id = await api.domain()
    project_id = await api.project(domain_id)
    api.meshes.place(ABSENT, api.only_domain(), api.only_project())

    answer = await api.call("PATCH", f"/v1/domains/{domain_id}", json=patch)

    assert (answer.status_code, code_of(answer)) == (status, code)
    assert project_id


async def test_a_domain_that_holds_something_stays_and_says_what() -> None:
    api = await operator_api()
    domain_id = await api.domain()
    await api.project(domain_id)

    answer = await api.call("DELETE", f"/v1/domains/{domain_id}")

    assert (answer.status_code, code_of(answer)) == (409, "domain_not_empty")
    assert answer.json()["child_counts"] == {
        "projects": 1,
        "groups": 0,
        "identities": 0,
        "idp_bindings": 0,
        "nodes": 0,
    }


async def test_an_empty_domain_goes_and_is_gone() -> None:
    api = await operator_api()
    domain_id = await api.domain()

    gone = await api.call("DELETE", f"/v1/domains/{domain_id}")
    after = await api.call("GET", f"/v1/domains/{domain_id}")

    assert (gone.status_code, gone.content) == (204, b"")
    assert (after.status_code, code_of(after)) == (404, "domain_not_found")


async def test_what_does_not_exist_and_what_is_foreign_look_alike_to_a_stranger() -> None:
    """ReBAC stands before existence: ids cannot be probed."""
    api = await operator_api()
    own, foreign = await api.domain("own"), await api.domain("foreign")
    _, token = await api.robot(own)

    answers = [await api.call("GET", f"/v1/domains/{each}", token) for each in (foreign, ABSENT)]

    bodies = [
        {name: value for name, value in answer.json().items() if name not in {"instance", "correlation_id"}}
        for answer in answers
    ]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert bodies[0] == bodies[1]


async def test_a_list_shows_what_the_caller_may_read_and_its_cursor_walks_over_the_rest() -> None:
    """H42: paging finds every visible row once, also past pages whose rows are all hidden."""
    api = await operator_api()
    ids = {slug: await api.domain(slug) for slug in ["a", "b", "c", "d", "e"]}
    robot_id, token = await api.robot(ids["b"])
    project_id = await api.project(ids["b"])
    for slug in "be":
        await api.grant(project_id, f"service-identity:{robot_id}", "member", f"domain:{ids[slug]}")

    seen: list[str] = []
    query: dict[str, str] = {"limit": "1"}
    for _ in ids:
        page = (await api.call("GET", "/v1/domains", token, params=query)).json()
        seen += [row["slug"] for row in page["items"]]
        assert ("empty_reason" in page) is (page["items"] == [])
        query["cursor"] = page.get("next_cursor", "")

    assert seen == ["b", "e"]
    assert query["cursor"] == ""


async def test_a_cursor_serves_nobody_else() -> None:
    """H41: another caller's cursor is a 403 of its own."""
    api = await operator_api()
    for slug in ["a", "b"]:
        domain_id = await api.domain(slug)
    _, token = await api.robot(domain_id)
    cursor = (await api.call("GET", "/v1/domains", params={"limit": "1"})).json()["next_cursor"]

    answer = await api.call("GET", "/v1/domains", token, params={"cursor": cursor})

    assert (answer.status_code, code_of(answer)) == (403, "cursor_binding_mismatch")
    assert "reason" not in answer.json()


async def test_every_mutation_leaves_one_row_and_no_read_does() -> None:
    api = await operator_api()
    domain_id = await api.domain()
    await api.call("GET", f"/v1/domains/{domain_id}")
    await api.call("PATCH", f"/v1/domains/{domain_id}", json={"name": "New"})
    await api.call("DELETE", f"/v1/domains/{domain_id}")

    assert [(entry.relation, entry.chain and str(entry.chain)) for entry in api.trail.entries] == [
        ("domain.create", None),
        ("domain.change", domain_id),
        ("domain.delete", None),
    ]


async def test_without_its_audit_row_a_mutation_does_not_happen() -> None:
    """H48: mutation and audit row in one transaction, or neither."""
    api = await operator_api()
    api.trail.failure = StoreUnavailable()

    answer = await api.call("POST", "/v1/domains", json={"name": "Acme", "slug": "acme"})

    assert (answer.status_code, code_of(answer)) == (503, "datastore_unavailable")
    assert api.store.state.domains == {}


async def test_while_the_store_is_away_everybody_is_told_to_come_back() -> None:
    api = await operator_api()
    api.store.is_away = True

    answer = await api.call("GET", "/v1/domains")

    assert (answer.status_code, code_of(answer)) == (503, "datastore_unavailable")
    assert answer.headers["retry-after"]


async def test_what_a_domain_has_begun_elsewhere_is_settled_before_it_goes_and_outside_of_any_transaction() -> (
    None
):
    seen: list[tuple[DomainId, bool, bool]] = []

    async def settle(domain_id: DomainId) -> None:
        seen.append((domain_id, domain_id in api.store.state.domains, api.store.is_open))

    api = await operator_api(settle)
    domain_id = DomainId(UUID(await api.domain()))

    answer = await api.call("DELETE", f"/v1/domains/{domain_id}")

    assert answer.status_code == 204
    assert seen == [(domain_id, True, False)]
    assert domain_id not in api.store.state.domains
