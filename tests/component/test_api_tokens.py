import re
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from tests.support.api import ABSENT, code_of
from tests.support.operator_api import OperatorApi, operator_api

ADMIN = "/v1/admin/tokens"


async def me(api: OperatorApi, token: str = "") -> str:
    subject = (await api.call("GET", "/v1/auth/whoami", token)).json()["subject"]
    return str(subject.replace("service-identity:", "service:"))


async def test_a_caller_learns_who_it_is() -> None:
    api = await operator_api()
    domain_id = await api.domain()
    robot_id, token = await api.robot(domain_id)

    assert (await api.call("GET", "/v1/auth/whoami", token)).json() == {
        "principal_type": "service",
        "principal_scope": "domain",
        "subject": f"service-identity:{robot_id}",
        "domain_id": domain_id,
    }
    admin = (await api.call("GET", "/v1/auth/whoami")).json()
    assert (admin["principal_type"], admin["principal_scope"]) == ("user", "platform")
    assert "domain_id" not in admin


async def test_a_new_token_is_shown_once_works_and_is_never_listed_with_its_text() -> None:
    api = await operator_api()
    body = {"identity_ref": await me(api), "env_prefix": "dev", "ttl_seconds": 60}

    created = await api.call("POST", "/v1/auth/tokens", json=body)
    listed = await api.call("GET", "/v1/auth/tokens")
    works = await api.call("GET", "/v1/auth/whoami", created.json()["plaintext"])

    assert created.status_code == 201
    assert set(created.json()) == {"id", "plaintext", "env_prefix", "expires_at"}
    assert re.fullmatch(r"plx_api_[0-9a-f]{32}_[A-Za-z0-9_-]{43}", created.json()["plaintext"])
    assert created.headers["cache-control"] == "no-store"
    assert "location" not in created.headers
    assert isinstance(listed.json(), list)
    assert created.json()["id"] in [row["id"] for row in listed.json()]
    assert created.json()["plaintext"] not in listed.text
    assert works.status_code == 200
    assert api.trail.relations() == ["api_token.create"]
    assert created.json()["plaintext"] not in str(api.trail.entries)


async def test_a_token_lives_for_90_days_unless_told_otherwise() -> None:
    api = await operator_api()

    created = await api.made("/v1/auth/tokens", {"identity_ref": await me(api), "env_prefix": "prod"})

    lifetime = datetime.fromisoformat(created["expires_at"]) - api.clock.now()
    assert lifetime == timedelta(days=90)


@pytest.mark.parametrize(
    "change",
    [
        {"env_prefix": "test"},
        {"ttl_seconds": 0},
        {"ttl_seconds": 31_536_001},
        {"ttl_seconds": 10**300},
        {"identity_ref": "user:me"},
        {"identity_ref": "node:0190f3a0-0000-7000-8000-000000000001"},
        {"identity_ref": "user:00000000-0000-0000-0000-000000000000"},
        {"scope": "all"},
    ],
)
async def test_terms_that_cannot_be_are_an_invalid_body(change: Any) -> None:
    """H08: also numbers beyond all sense."""
    api = await operator_api()
    body = {"identity_ref": await me(api), "env_prefix": "dev", **change}

    for path in ["/v1/auth/tokens", "/v1/admin/tokens"]:
        answer = await api.call("POST", path, json=body)
        assert (answer.status_code, code_of(answer)) == (400, "invalid_body")


async def test_nobody_gets_a_token_of_another_on_the_own_route() -> None:
    api = await operator_api()
    robot_id, token = await api.robot(await api.domain())

    as_admin = await api.call(
        "POST", "/v1/auth/tokens", json={"identity_ref": f"service:{robot_id}", "env_prefix": "dev"}
    )
    as_robot = await api.call(
        "POST", "/v1/auth/tokens", token, json={"identity_ref": await me(api), "env_prefix": "dev"}
    )

    for answer in [as_admin, as_robot]:
        assert (answer.status_code, code_of(answer)) == (403, "permission_denied")
        assert answer.json()["reason"] == "out_of_scope"
    assert [entry.outcome for entry in api.trail.entries[-2:]] == ["permission_denied"] * 2


async def test_a_revoked_token_is_dead_and_gone() -> None:
    api = await operator_api()
    created = await api.made("/v1/auth/tokens", {"identity_ref": await me(api), "env_prefix": "dev"})
    path = f"/v1/auth/tokens/{created['id']}"

    first = await api.call("DELETE", path)
    second = await api.call("DELETE", path)
    dead = await api.call("GET", "/v1/auth/whoami", created["plaintext"])

    assert first.status_code == 204
    assert (second.status_code, code_of(second)) == (404, "token_not_found")
    assert (dead.status_code, code_of(dead)) == (401, "unauthenticated")


async def test_another_callers_token_cannot_be_revoked_on_the_own_route() -> None:
    api = await operator_api()
    _, token = await api.robot(await api.domain())
    created = await api.made("/v1/auth/tokens", {"identity_ref": await me(api), "env_prefix": "dev"})

    for path in [f"/v1/auth/tokens/{created['id']}", f"/v1/auth/tokens/{ABSENT}"]:
        answer = await api.call("DELETE", path, token)
        assert (answer.status_code, code_of(answer)) == (404, "token_not_found")
    assert (await api.call("GET", "/v1/auth/whoami", created["plaintext"])).status_code == 200


async def test_a_rotated_token_works_on_until_its_sunset() -> None:
    api = await operator_api()
    old = await api.made("/v1/auth/tokens", {"identity_ref": await me(api), "env_prefix": "dev"})

    rotated = await api.call("POST", f"/v1/auth/tokens/{old['id']}/rotate")
    both = [old["plaintext"], rotated.json()["plaintext"]]
    alive = [(await api.call("GET", "/v1/auth/whoami", text)).status_code for text in both]
    api.clock.advance(24 * 3600)
    later = [(await api.call("GET", "/v1/auth/whoami", text)).status_code for text in both]

    assert rotated.status_code == 200
    assert set(rotated.json()) == {"id", "plaintext", "env_prefix", "expires_at", "rotation_deadline"}
    assert parsedate_to_datetime(rotated.headers["sunset"]) == datetime.fromisoformat(
        rotated.json()["rotation_deadline"]
    )
    assert rotated.headers["cache-control"] == "no-store"
    assert (alive, later) == ([200, 200], [401, 200])


async def test_who_manages_the_domain_manages_its_identities_tokens() -> None:
    api = await operator_api()
    own, foreign = await api.domain("own"), await api.domain("foreign")
    boss_id, boss = await api.robot(own, "boss")
    await api.grant(await api.project(own), f"service-identity:{boss_id}", "admin", f"domain:{own}")
    mine, _ = await api.robot(own, "mine")
    theirs, _ = await api.robot(foreign, "theirs")

    created = await api.call(
        "POST", "/v1/admin/tokens", boss, json={"identity_ref": f"service:{mine}", "env_prefix": "dev"}
    )
    path = f"/v1/admin/tokens/{created.json()['id']}"
    listed = await api.call("GET", "/v1/admin/tokens", boss, params={"identity_ref": f"service:{mine}"})
    rotated = await api.call("POST", f"{path}/rotate", boss)
    revoked = await api.call("DELETE", path, boss)

    assert [created.status_code, listed.status_code, rotated.status_code, revoked.status_code] == [
        201,
        200,
        200,
        204,
    ]
    assert created.json()["id"] in [row["id"] for row in listed.json()]
    their_token = (
        await api.call("GET", "/v1/admin/tokens", params={"identity_ref": f"service:{theirs}"})
    ).json()[0]["id"]
    for method, target, options in [
        ("POST", "/v1/admin/tokens", {"json": {"identity_ref": f"service:{theirs}", "env_prefix": "dev"}}),
        ("GET", "/v1/admin/tokens", {"params": {"identity_ref": f"service:{theirs}"}}),
        ("GET", "/v1/admin/tokens", {"params": {"identity_ref": f"service:{ABSENT}"}}),
        ("DELETE", f"/v1/admin/tokens/{their_token}", {}),
        ("DELETE", f"/v1/admin/tokens/{ABSENT}", {}),
        ("POST", f"/v1/admin/tokens/{their_token}/rotate", {}),
    ]:
        answer = await api.call(method, target, boss, **options)
        assert (answer.status_code, code_of(answer)) == (403, "permission_denied"), target


async def test_a_stranger_cannot_tell_a_foreign_token_or_identity_from_none() -> None:
    """Also where he may read whom it belongs to, and where it belongs to the platform."""
    api = await operator_api()
    own = await api.domain("own")
    project_id = await api.project(own)
    boss_id, boss = await api.robot(own, "boss")
    await api.grant(project_id, f"service-identity:{boss_id}", "auditor", f"domain:{own}")
    admin = await me(api)
    near, _ = await api.robot(own, "near")
    far, _ = await api.robot(await api.domain("foreign"), "far")
    identities = [f"service:{ABSENT}", f"service:{near}", f"service:{far}", f"user:{far}", admin]
    tokens = [str(ABSENT)] + [await _a_token(api, of) for of in (f"service:{near}", f"service:{far}", admin)]
    before = len(api.trail.entries)

    refusals = [
        [
            await api.call("POST", ADMIN, boss, json={"identity_ref": each, "env_prefix": "dev"})
            for each in identities
        ],
        [await api.call("GET", ADMIN, boss, params={"identity_ref": each}) for each in identities],
        [await api.call("DELETE", f"{ADMIN}/{each}", boss) for each in tokens],
        [await api.call("POST", f"{ADMIN}/{each}/rotate", boss) for each in tokens],
    ]

    for unknown, *others in refusals:
        assert (unknown.status_code, code_of(unknown)) == (403, "permission_denied")
        for other in others:
            assert _but_for_the_request(other) == _but_for_the_request(unknown)
    assert {entry.outcome for entry in api.trail.entries[before:]} == {"permission_denied"}


async def _a_token(api: OperatorApi, identity_ref: str) -> str:
    return str((await api.call("GET", ADMIN, params={"identity_ref": identity_ref})).json()[0]["id"])


def _but_for_the_request(answer: httpx.Response) -> tuple[int, bytes, set[str]]:
    own = (answer.json()["instance"], answer.json()["correlation_id"])
    body = answer.content
    for trait in own:
        body = body.replace(trait.encode(), b"")
    return answer.status_code, body, set(answer.headers)


async def test_who_manages_the_platform_learns_what_does_not_exist() -> None:
    api = await operator_api()
    domain_id = await api.domain()
    robot_id, _ = await api.robot(domain_id)
    absent, mistaken = f"service:{ABSENT}", f"user:{robot_id}"

    for identity_ref in [absent, mistaken]:
        body = {"identity_ref": identity_ref, "env_prefix": "dev"}
        created = await api.call("POST", "/v1/admin/tokens", json=body)
        listed = await api.call("GET", "/v1/admin/tokens", params={"identity_ref": identity_ref})
        assert (created.status_code, code_of(created)) == (404, "identity_not_found")
        assert (listed.status_code, code_of(listed)) == (404, "identity_not_found")
    revoked = await api.call("DELETE", f"/v1/admin/tokens/{ABSENT}")
    assert (revoked.status_code, code_of(revoked)) == (404, "token_not_found")


@pytest.mark.parametrize("query", [{}, {"identity_ref": "robot"}, {"identity_ref": ["user:a", "user:b"]}])
async def test_whose_tokens_are_wanted_must_be_said_once(query: Any) -> None:
    api = await operator_api()

    answer = await api.call("GET", "/v1/admin/tokens", params=query)

    assert (answer.status_code, code_of(answer)) == (400, "invalid_identity_ref")


async def test_an_identity_holds_only_so_many_live_tokens() -> None:
    api = await operator_api()
    body = {"identity_ref": await me(api), "env_prefix": "dev"}
    answers = [await api.call("POST", "/v1/auth/tokens", json=body) for _ in range(200)]

    assert [answer.status_code for answer in answers] == [201] * 199 + [409]
    assert code_of(answers[-1]) == "too_many_tokens"
