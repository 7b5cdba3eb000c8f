import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.api import ABSENT, code_of
from tests.support.operator_api import OperatorApi, operator_api


async def tokens_path(api: OperatorApi) -> str:
    return f"/v1/projects/{await api.project(await api.domain())}/bootstrap-tokens"


async def test_an_empty_body_is_a_node_token_for_an_hour() -> None:
    api = await operator_api()
    path = await tokens_path(api)

    issued = await api.call("POST", path, json={})
    shown = await api.call("GET", issued.headers["location"])

    assert issued.status_code == 201
    assert set(issued.json()) == {"token_id", "token", "issued_at", "expires_at"}
    assert re.fullmatch(r"plx_enroll_[0-9a-f]{32}_[A-Za-z0-9_-]{43}", issued.json()["token"])
    assert issued.headers["cache-control"] == "no-store"
    lifetime = datetime.fromisoformat(issued.json()["expires_at"]) - api.clock.now()
    assert lifetime == timedelta(hours=1)
    assert {"kind": "node", "env_prefix": "prod", "labels": {}}.items() <= shown.json().items()
    assert issued.json()["token"] not in shown.text
    assert {"consumed_at", "revoked_at"} & set(shown.json()) == set()


async def test_the_issuer_is_the_caller_and_the_labels_are_kept() -> None:
    api = await operator_api()
    body = {"kind": "bridge", "env_prefix": "dev", "ttl_seconds": 300, "labels": {"role": "web"}}
    caller = (await api.call("GET", "/v1/auth/whoami")).json()["subject"]

    issued = await api.call("POST", await tokens_path(api), json=body)
    shown = (await api.call("GET", issued.headers["location"])).json()

    assert shown["issued_by_user_id"] == caller.removeprefix("user:")
    assert (shown["kind"], shown["env_prefix"], shown["labels"]) == ("bridge", "dev", {"role": "web"})
    assert api.trail.relations()[-1] == "bootstrap_token.issue"
    assert issued.json()["token"] not in str(api.trail.entries)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"kind": "phone"}, "invalid_bootstrap_token"),
        ({"env_prefix": "Prod1"}, "invalid_bootstrap_token"),
        ({"ttl_seconds": 299}, "invalid_bootstrap_token"),
        ({"ttl_seconds": 86_401}, "invalid_bootstrap_token"),
        ({"labels": {"a b": "c"}}, "invalid_bootstrap_token"),
        ({"labels": {f"k{n}": "v" for n in range(65)}}, "invalid_bootstrap_token"),
        ({"labels": {"a": 1}}, "invalid_body"),
        ({"issued_by_user_id": str(ABSENT)}, "invalid_body"),
        ([], "invalid_body"),
    ],
)
async def test_terms_that_cannot_be_are_refused(body: Any, code: str) -> None:
    api = await operator_api()

    answer = await api.call("POST", await tokens_path(api), json=body)

    assert (answer.status_code, code_of(answer)) == (400, code)


async def test_a_revoked_token_stays_listed_and_is_not_revoked_twice() -> None:
    api = await operator_api()
    path = await tokens_path(api)
    token_id = (await api.made(path, {}))["token_id"]

    first = await api.call("DELETE", f"{path}/{token_id}")
    second = await api.call("DELETE", f"{path}/{token_id}")
    [row] = (await api.call("GET", path)).json()["items"]

    assert first.status_code == 204
    assert (second.status_code, code_of(second)) == (409, "bootstrap_token_spent")
    assert row["revoked_at"]
    assert api.trail.relations()[-1] == "bootstrap_token.revoke"


async def test_a_token_is_found_under_its_own_project_alone() -> None:
    api = await operator_api()
    path = await tokens_path(api)
    token_id = (await api.made(path, {}))["token_id"]
    other = await api.project(str(api.only_domain()), "other")

    for method in ["GET", "DELETE"]:
        for target in [f"/v1/projects/{other}/bootstrap-tokens/{token_id}", f"{path}/{ABSENT}"]:
            answer = await api.call(method, target)
            assert (answer.status_code, code_of(answer)) == (404, "bootstrap_token_not_found")


async def test_the_project_must_exist() -> None:
    api = await operator_api()

    for method in ["GET", "POST"]:
        answer = await api.call(method, f"/v1/projects/{ABSENT}/bootstrap-tokens", json={})
        assert (answer.status_code, code_of(answer)) == (404, "project_not_found")


async def test_readers_list_and_managers_issue() -> None:
    api = await operator_api()
    domain_id = await api.domain()
    project_id = await api.project(domain_id)
    robot_id, token = await api.robot(domain_id)
    await api.grant(project_id, f"service-identity:{robot_id}", "operator", f"project:{project_id}")
    path = f"/v1/projects/{project_id}/bootstrap-tokens"

    listed = await api.call("GET", path, token)
    issued = await api.call("POST", path, token, json={})

    assert listed.json() == {"items": []}
    assert (issued.status_code, issued.json()["reason"]) == (403, "insufficient_relation")


async def test_the_list_finds_every_token_once_in_the_order_of_issue() -> None:
    """H42."""
    api = await operator_api()
    path = await tokens_path(api)
    made = [(await api.made(path, {}))["token_id"] for _ in range(5)]

    seen: list[str] = []
    query: dict[str, str] = {"limit": "2"}
    for _ in range(3):
        page = (await api.call("GET", path, params=query)).json()
        seen += [row["id"] for row in page["items"]]
        query["cursor"] = page.get("next_cursor", "")

    assert seen == made
    assert query["cursor"] == ""
