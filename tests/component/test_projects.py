from typing import Any

import pytest

from tests.support.api import ABSENT, code_of
from tests.support.operator_api import operator_api


async def test_a_project_is_created_and_found_where_the_answer_points() -> None:
    api = await operator_api()
    domain_id = await api.domain()

    created = await api.call(
        "POST", "/v1/projects", json={"domain_id": domain_id, "name": "Web", "slug": "web"}
    )
    shown = await api.call("GET", created.headers["location"])

    assert created.status_code == 201
    assert shown.json() == created.json()
    assert set(shown.json()) == {"id", "domain_id", "name", "slug", "created_at", "updated_at"}


@pytest.mark.parametrize(
    ("field", "value", "status", "code"),
    [
        ("slug", "Web", 400, "invalid_project"),
        ("name", " ", 400, "invalid_project"),
        ("domain_id", "acme", 400, "invalid_body"),
        ("domain_id", str(ABSENT), 409, "parent_domain_missing"),
        ("sub_range_cidr", "10.1.0.0/24", 400, "invalid_body"),
        ("slug", "taken", 409, "project_slug_conflict"),
    ],
)
async def test_a_project_that_cannot_be_is_refused(field: str, value: Any, status: int, code: str) -> None:
    api = await operator_api()
    domain_id = await api.domain()
    await api.project(domain_id, "taken")

    body = {"domain_id": domain_id, "name": "Web", "slug": "web", field: value}
    answer = await api.call("POST", "/v1/projects", json=body)

    assert (answer.status_code, code_of(answer)) == (status, code)


async def test_creating_a_project_needs_to_manage_its_domain() -> None:
    api = await operator_api()
    own, foreign = await api.domain("own"), await api.domain("foreign")
    robot_id, token = await api.robot(own)
    await api.grant(await api.project(own), f"service-identity:{robot_id}", "admin", f"domain:{own}")

    granted = await api.call("POST", "/v1/projects", token, json={"domain_id": own, "name": "x", "slug": "x"})
    denied = await api.call(
        "POST", "/v1/projects", token, json={"domain_id": foreign, "name": "x", "slug": "x"}
    )

    assert granted.status_code == 201
    assert (denied.status_code, code_of(denied)) == (403, "permission_denied")
    assert api.trail.relations()[-1] == "project.create"
    assert api.trail.entries[-1].outcome == "permission_denied"
    assert str(api.trail.entries[-1].chain) == foreign


@pytest.mark.parametrize(
    ("patch", "code"),
    [({}, "empty_patch"), ({"slug": "x"}, "slug_immutable"), ({"name": ""}, "invalid_project")],
)
async def test_a_patch_that_cannot_be_is_refused(patch: Any, code: str) -> None:
    api = await operator_api()
    project_id = await api.project(await api.domain())

    answer = await api.call("PATCH", f"/v1/projects/{project_id}", json=patch)

    assert (answer.status_code, code_of(answer)) == (400, code)


async def test_null_empties_a_description_and_absence_leaves_it() -> None:
    api = await operator_api()
    project_id = await api.project(await api.domain())

    for patch, description in [
        ({"description": "old"}, "old"),
        ({"name": "New"}, "old"),
        ({"description": None}, None),
    ]:
        answer = await api.call("PATCH", f"/v1/projects/{project_id}", json=patch)
        assert answer.json().get("description") == description


async def test_a_project_with_nodes_stays_and_says_so() -> None:
    api = await operator_api()
    project_id = await api.project(await api.domain())
    api.meshes.place(ABSENT, api.only_domain(), api.only_project())

    answer = await api.call("DELETE", f"/v1/projects/{project_id}")

    assert (answer.status_code, code_of(answer)) == (409, "project_not_empty")
    assert answer.json()["project_child_counts"] == {"resources": 0, "nodes": 1, "relation_tuples": 0}


async def test_a_project_stays_while_it_lists_a_grant_on_something_else() -> None:
    """A grant that no list shows could be found, and taken back, by nobody."""
    api = await operator_api()
    domain_id = await api.domain()
    robot_id, token = await api.robot(domain_id)
    eve = f"service-identity:{robot_id}"
    project_id = await api.project(domain_id)
    await api.grant(project_id, eve, "member", f"project:{project_id}")
    grant = await api.grant(project_id, eve, "admin", f"domain:{domain_id}")

    refused = await api.call("DELETE", f"/v1/projects/{project_id}")

    assert (refused.status_code, code_of(refused)) == (409, "project_not_empty")
    assert refused.json()["project_child_counts"] == {"resources": 0, "nodes": 0, "relation_tuples": 1}
    await api.call("DELETE", f"/v1/authz/relation-tuples/{grant['id']}")
    assert (await api.call("DELETE", f"/v1/projects/{project_id}")).status_code == 204
    assert (await api.call("GET", f"/v1/domains/{domain_id}", token)).status_code == 403


async def test_an_empty_project_goes_and_its_end_is_written_down() -> None:
    api = await operator_api()
    domain_id = await api.domain()
    project_id = await api.project(domain_id)

    assert (await api.call("DELETE", f"/v1/projects/{project_id}")).status_code == 204
    after = await api.call("DELETE", f"/v1/projects/{project_id}")

    assert (after.status_code, code_of(after)) == (404, "project_not_found")
    assert api.trail.relations() == ["domain.create", "project.create", "project.delete"]
    assert str(api.trail.entries[-1].chain) == domain_id


async def test_the_list_is_narrowed_to_a_domain_and_pages_by_slug() -> None:
    """H42: every row once, in order."""
    api = await operator_api()
    one, other = await api.domain("one"), await api.domain("other")
    for slug in ["c", "a", "b"]:
        await api.project(one, slug)
    await api.project(other, "a")

    seen, query = [], {"domain_id": one, "limit": "2"}
    for _ in range(2):
        page = (await api.call("GET", "/v1/projects", params=query)).json()
        seen += [row["slug"] for row in page["items"]]
        query["cursor"] = page.get("next_cursor", "")
    everything = (await api.call("GET", "/v1/projects")).json()

    assert seen == ["a", "b", "c"]
    assert query["cursor"] == ""
    assert [row["slug"] for row in everything["items"]] == ["a", "a", "b", "c"]


async def test_a_cursor_does_not_move_to_another_filter() -> None:
    api = await operator_api()
    one = await api.domain()
    for slug in ["a", "b"]:
        await api.project(one, slug)
    cursor = (await api.call("GET", "/v1/projects", params={"limit": "1"})).json()["next_cursor"]

    answer = await api.call("GET", "/v1/projects", params={"cursor": cursor, "domain_id": one})

    assert (answer.status_code, code_of(answer)) == (400, "invalid_cursor")


async def test_a_filter_that_is_no_id_is_refused_by_name() -> None:
    api = await operator_api()

    answer = await api.call("GET", "/v1/projects", params={"domain_id": "acme"})

    assert (answer.status_code, code_of(answer)) == (400, "invalid_domain_filter")
