from typing import Any

import pytest

from tests.support.api import ABSENT, code_of
from tests.support.operator_api import OperatorApi, operator_api

TUPLES = "/v1/authz/relation-tuples"


async def two_domains(api: OperatorApi) -> dict[str, str]:
    """An own Domain with a Project and a robot that administers the Project, and a foreign Domain."""
    own, foreign = await api.domain("own"), await api.domain("foreign")
    project = await api.project(own)
    robot, token = await api.robot(own)
    subject = f"service-identity:{robot}"
    await api.grant(project, subject, "admin", f"project:{project}")
    return {"own": own, "foreign": foreign, "project": project, "subject": subject, "token": token}


async def check(api: OperatorApi, token: str, subject: str, relation: str, resource: str) -> Any:
    body = {"subject": subject, "relation": relation, "resource": resource}
    answer = await api.call("POST", "/v1/authz/check", token, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_grant_counts_at_once_and_a_grant_taken_back_no_more() -> None:
    api = await operator_api()
    at = await two_domains(api)
    robot, token = await api.robot(at["own"], "second")
    asked = (token, f"service-identity:{robot}", "read", f"project:{at['project']}")

    before = await check(api, *asked)
    granted = await api.grant(
        at["project"], f"service-identity:{robot}", "member", f"project:{at['project']}"
    )
    during = await check(api, *asked)
    await api.call("DELETE", f"{TUPLES}/{granted['id']}")
    after = await check(api, *asked)

    assert (before["decision"], before["reason"]) == ("denied", "out_of_scope")
    assert during["decision"] == "allowed"
    assert "reason" not in during
    assert after["decision"] == "denied"
    assert during["correlation_id"]
    assert isinstance(before["relation_path"], list)


async def test_anothers_permission_on_what_one_cannot_read_is_out_of_scope() -> None:
    api = await operator_api()
    at = await two_domains(api)
    admin = (await api.call("GET", "/v1/auth/whoami")).json()["subject"]

    foreign = await check(api, at["token"], admin, "manage", f"domain:{at['foreign']}")
    readable = await check(api, at["token"], admin, "manage", f"project:{at['project']}")

    assert foreign == {
        "decision": "denied",
        "reason": "out_of_scope",
        "relation_path": [],
        "correlation_id": foreign["correlation_id"],
    }
    assert readable["decision"] == "allowed"


async def test_lookups_stop_at_what_the_caller_reads() -> None:
    api = await operator_api()
    at = await two_domains(api)
    admin = (await api.call("GET", "/v1/auth/whoami")).json()["subject"]

    async def resources(token: str, subject: str, kind: str) -> list[str]:
        body = {"subject": subject, "relation": "manage", "resource_type": kind}
        answer = await api.call("POST", "/v1/authz/lookup-resources", token, json=body)
        assert answer.status_code == 200
        return list(answer.json()["items"])

    assert await resources("", admin, "domain") == sorted([f"domain:{at['own']}", f"domain:{at['foreign']}"])
    assert await resources(at["token"], admin, "domain") == []
    assert await resources(at["token"], at["subject"], "project") == [f"project:{at['project']}"]


async def test_who_has_a_permission_is_told_to_readers_of_the_resource() -> None:
    api = await operator_api()
    at = await two_domains(api)
    path = "/v1/authz/lookup-subjects"
    body = {"resource": f"project:{at['project']}", "relation": "manage", "subject_type": "service-identity"}

    found = await api.call("POST", path, at["token"], json=body)
    denied = await api.call("POST", path, at["token"], json={**body, "resource": f"domain:{at['foreign']}"})

    assert found.json()["items"] == [at["subject"]]
    assert (denied.status_code, denied.json()["reason"]) == (403, "out_of_scope")
    assert api.trail.relations()[-1] == "authz.lookup_subjects"
    assert str(api.trail.entries[-1].chain) == at["foreign"]


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "robot"},
        {"subject": "user:00000000-0000-0000-0000-000000000000"},
        {"subject": f"planet:{ABSENT}"},
        {"resource": f"planet:{ABSENT}"},
        {"resource": f"Domain:{ABSENT}"},
        {"relation": "rule"},
    ],
)
async def test_a_question_that_means_nothing_is_refused_by_name(change: dict[str, str]) -> None:
    api = await operator_api()
    question = {"subject": f"user:{ABSENT}", "relation": "read", "resource": f"domain:{ABSENT}", **change}

    answer = await api.call("POST", "/v1/authz/check", json=question)

    assert (answer.status_code, code_of(answer)) == (400, "invalid_check_request")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("lookup-resources", {"subject": "me", "relation": "read", "resource_type": "domain"}),
        (
            "lookup-resources",
            {"subject": f"user:{ABSENT}", "relation": "read", "resource_type": "planet"},
        ),
        (
            "lookup-resources",
            {"subject": f"user:{ABSENT}", "relation": "rule", "resource_type": "domain"},
        ),
        ("lookup-subjects", {"resource": "here", "relation": "read", "subject_type": "user"}),
        (
            "lookup-subjects",
            {"resource": f"planet:{ABSENT}", "relation": "read", "subject_type": "user"},
        ),
        (
            "lookup-subjects",
            {"resource": "platform:plexsphere", "relation": "rule", "subject_type": "user"},
        ),
    ],
)
async def test_a_lookup_that_means_nothing_is_refused_by_name(path: str, body: dict[str, str]) -> None:
    api = await operator_api()

    answer = await api.call("POST", f"/v1/authz/{path}", json=body)

    assert (answer.status_code, code_of(answer)) == (400, "invalid_lookup_request")


async def test_a_tuple_is_created_without_a_location_and_listed_under_its_project() -> None:
    """Granting again returns the same tuple."""
    api = await operator_api()
    at = await two_domains(api)
    body = {"subject": at["subject"], "relation": "member", "resource": f"project:{at['project']}"}
    query = {"project_id": at["project"]}

    created = await api.call("POST", TUPLES, params=query, json={**body, "caveat_context": {}})
    again = await api.call("POST", TUPLES, params=query, json={**body, "caveat_name": None})
    listed = (await api.call("GET", TUPLES, params=query)).json()["items"]

    assert created.status_code == 201
    assert "location" not in created.headers
    assert created.json() == again.json()
    assert set(created.json()) == {"id", "subject", "relation", "resource", "created_at"}
    assert created.json() in listed
    assert api.trail.relations().count("relation_tuple.create") >= 2


async def test_who_manages_a_project_cannot_promote_himself_above_it() -> None:
    """D12: `manage` on the tuple's own object is what counts, and the attempt is written down."""
    api = await operator_api()
    at = await two_domains(api)
    for resource in [f"domain:{at['own']}", "platform:plexsphere", f"domain:{at['foreign']}"]:
        body = {"subject": at["subject"], "relation": "admin", "resource": resource}

        answer = await api.call("POST", TUPLES, at["token"], params={"project_id": at["project"]}, json=body)

        assert (answer.status_code, code_of(answer)) == (403, "permission_denied")
        assert (api.trail.entries[-1].relation, api.trail.entries[-1].outcome) == (
            "relation_tuple.create",
            "permission_denied",
        )
        assert str(api.trail.entries[-1].object) == resource


@pytest.mark.parametrize(
    "change",
    [
        {"relation": "manage"},
        {"relation": "domain"},
        {"subject": f"project:{ABSENT}"},
        {"subject": "ci"},
        {"resource": f"planet:{ABSENT}"},
        {"caveat_name": "from_cidr"},
        {"caveat_context": {"cidr": "10.0.0.0/8"}},
    ],
)
async def test_what_nobody_can_grant_is_refused_by_name(change: dict[str, Any]) -> None:
    api = await operator_api()
    at = await two_domains(api)
    body = {"subject": at["subject"], "relation": "member", "resource": f"project:{at['project']}"}

    answer = await api.call("POST", TUPLES, params={"project_id": at["project"]}, json={**body, **change})

    assert (answer.status_code, code_of(answer)) == (400, "invalid_relation_tuple")


@pytest.mark.parametrize("query", [{}, {"project_id": "web"}, {"project_id": [str(ABSENT)] * 2}])
async def test_the_project_of_a_tuple_must_be_named_once(query: dict[str, Any]) -> None:
    api = await operator_api()

    for method in ["GET", "POST"]:
        answer = await api.call(method, TUPLES, params=query)
        assert (answer.status_code, code_of(answer)) == (400, "invalid_project_id")


async def test_a_tuple_under_a_project_that_does_not_exist_is_refused() -> None:
    api = await operator_api()
    at = await two_domains(api)
    body = {"subject": at["subject"], "relation": "member", "resource": f"project:{at['project']}"}

    answer = await api.call("POST", TUPLES, params={"project_id": str(ABSENT)}, json=body)

    assert (answer.status_code, code_of(answer)) == (404, "project_not_found")


async def test_a_patch_replaces_the_whole_tuple() -> None:
    api = await operator_api()
    at = await two_domains(api)
    resource = f"project:{at['project']}"
    granted = await api.grant(at["project"], at["subject"], "member", resource)
    body = {"subject": at["subject"], "relation": "observer", "resource": resource}

    patched = await api.call("PATCH", f"{TUPLES}/{granted['id']}", json=body)
    listed = (await api.call("GET", TUPLES, params={"project_id": at["project"]})).json()["items"]

    assert patched.status_code == 200
    assert patched.json() == {**granted, "relation": "observer"}
    assert patched.json() in listed
    assert granted not in listed


async def test_a_foreign_tuple_and_an_unknown_one_are_answered_alike_and_the_attempt_is_kept() -> None:
    api = await operator_api()
    at = await two_domains(api)
    elsewhere = await api.project(at["foreign"])
    foreign = await api.grant(elsewhere, at["subject"], "auditor", f"domain:{at['foreign']}")
    body = {"subject": at["subject"], "relation": "admin", "resource": f"project:{at['project']}"}

    for method, options in [("DELETE", {}), ("PATCH", {"json": body})]:
        rows = len(api.trail.entries)
        answers = [
            await api.call(method, f"{TUPLES}/{tuple_id}", at["token"], **options)
            for tuple_id in (foreign["id"], ABSENT)
        ]
        bodies = [
            {
                name: value
                for name, value in answer.json().items()
                if name not in {"instance", "correlation_id"}
            }
            for answer in answers
        ]
        assert [code_of(answer) for answer in answers] == ["relation_tuple_not_found"] * 2
        assert bodies[0] == bodies[1]
        [written] = api.trail.entries[rows:]
        assert (written.outcome, str(written.object)) == ("permission_denied", f"domain:{at['foreign']}")


async def test_a_tuple_is_deleted_once() -> None:
    api = await operator_api()
    at = await two_domains(api)
    granted = await api.grant(at["project"], at["subject"], "member", f"project:{at['project']}")
    path = f"{TUPLES}/{granted['id']}"

    first, second = [await api.call("DELETE", path, at["token"]) for _ in range(2)]

    assert first.status_code == 204
    assert (second.status_code, code_of(second)) == (404, "relation_tuple_not_found")


async def test_the_list_leaves_out_what_the_caller_cannot_read_and_pages_on() -> None:
    """H42: hidden rows do not end a list."""
    api = await operator_api()
    at = await two_domains(api)
    await api.grant(at["project"], at["subject"], "auditor", f"domain:{at['foreign']}")
    hidden = (await api.call("GET", TUPLES, params={"project_id": at["project"]})).json()["items"]
    robot, token = await api.robot(at["own"], "reader")
    await api.grant(at["project"], f"service-identity:{robot}", "member", f"project:{at['project']}")

    seen: list[str] = []
    query: dict[str, str] = {"project_id": at["project"], "limit": "1"}
    for _ in range(3):
        page = (await api.call("GET", TUPLES, token, params=query)).json()
        seen += [row["resource"] for row in page["items"]]
        query["cursor"] = page.get("next_cursor", "")

    assert len(hidden) == 2
    assert seen == [f"project:{at['project']}"] * 2
    assert query["cursor"] == ""
