import re
from typing import Any

import pytest

from tests.support.api import ABSENT, code_of
from tests.support.operator_api import operator_api

ROBOT = {"display_name": "CI", "subject": "ci", "audience": "plexsphere", "federation_kind": "api_token"}


async def test_a_service_identity_is_created_and_found_where_the_answer_points() -> None:
    api = await operator_api()
    domain_id = await api.domain()

    created = await api.call("POST", f"/v1/domains/{domain_id}/service-identities", json=ROBOT)
    shown = (await api.call("GET", created.headers["location"])).json()

    assert created.status_code == 201
    assert set(created.json()) == {
        "id",
        "kind",
        "domain_id",
        "display_name",
        "external_subject_pseudonym",
        "created_at",
    }
    assert created.json().items() <= shown.items()
    assert re.fullmatch(r"[0-9a-f]{64}", shown["external_subject_pseudonym"])
    assert shown["kind"] == "service-identity"
    assert (api.trail.entries[-1].relation, str(api.trail.entries[-1].chain)) == (
        "service_identity.create",
        domain_id,
    )


async def test_who_it_is_outside_is_shown_to_auditors_alone() -> None:
    api = await operator_api()
    domain_id = await api.domain()
    project_id = await api.project(domain_id)
    robot_id, token = await api.robot(domain_id, "reader")
    path = f"/v1/domains/{domain_id}/identities/{robot_id}"
    await api.grant(project_id, f"service-identity:{robot_id}", "member", f"domain:{domain_id}")
    as_member = await api.call("GET", path, token)
    await api.grant(project_id, f"service-identity:{robot_id}", "auditor", f"domain:{domain_id}")
    as_auditor = await api.call("GET", path, token)

    assert "external_subject" not in as_member.json()
    assert as_auditor.json()["external_subject"] == "reader"
    assert not [entry for entry in api.trail.entries if entry.outcome == "permission_denied"]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("display_name", "", "invalid_service_identity"),
        ("display_name", "x" * 257, "invalid_service_identity"),
        ("subject", "x" * 2049, "invalid_service_identity"),
        ("audience", "", "invalid_service_identity"),
        ("federation_kind", "password", "invalid_service_identity"),
        ("subject", None, "invalid_body"),
        ("kind", "user", "invalid_body"),
    ],
)
async def test_a_field_that_breaks_its_rule_is_refused(field: str, value: Any, code: str) -> None:
    api = await operator_api()
    domain_id = await api.domain()

    answer = await api.call(
        "POST", f"/v1/domains/{domain_id}/service-identities", json={**ROBOT, field: value}
    )

    assert (answer.status_code, code_of(answer)) == (400, code)


async def test_a_subject_is_taken_once_in_a_domain() -> None:
    api = await operator_api()
    path = f"/v1/domains/{await api.domain()}/service-identities"
    await api.made(path, ROBOT)

    answer = await api.call("POST", path, json=ROBOT)

    assert (answer.status_code, code_of(answer)) == (409, "service_identity_already_exists")


async def test_an_identity_of_another_domain_is_not_here() -> None:
    api = await operator_api()
    own, foreign = await api.domain("own"), await api.domain("foreign")
    robot_id, _ = await api.robot(foreign)

    for domain_id, principal_id in [(own, robot_id), (own, ABSENT), (ABSENT, robot_id)]:
        answer = await api.call("GET", f"/v1/domains/{domain_id}/identities/{principal_id}")
        assert (answer.status_code, code_of(answer)) == (404, "identity_not_found")


async def test_nobody_is_created_in_a_domain_that_does_not_exist() -> None:
    api = await operator_api()

    answer = await api.call("POST", f"/v1/domains/{ABSENT}/service-identities", json=ROBOT)

    assert (answer.status_code, code_of(answer)) == (404, "domain_not_found")


async def test_the_list_is_narrowed_by_kind_and_finds_every_row_once() -> None:
    """H42: rows of one instant are not lost between pages."""
    api = await operator_api()
    domain_id = await api.domain()
    made = {(await api.robot(domain_id, subject))[0] for subject in "abcde"}
    path = f"/v1/domains/{domain_id}/identities"

    seen: list[str] = []
    query: dict[str, str] = {"limit": "2", "kind": "service-identity"}
    for _ in range(3):
        page = (await api.call("GET", path, params=query)).json()
        seen += [row["id"] for row in page["items"]]
        query["cursor"] = page.get("next_cursor", "")
    users = await api.call("GET", path, params={"kind": "user"})
    unknown = await api.call("GET", path, params={"kind": "group"})

    assert sorted(seen) == sorted(made)
    assert users.json() == {"items": []}
    assert (unknown.status_code, code_of(unknown)) == (400, "invalid_kind")
