"""Authorization as several processes on one database keep it, over REST alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from plexsphere.platform.kernel.secret import Secret
from tests.support.api import ABSENT, code_of
from tests.support.control_plane import Place, ShiftedClock, served, two_processes
from tests.support.robots import TUPLES, Robot, grant, robot
from tests.support.tables import rows, trail

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

REVOCATIONS = 60
DEAD_WITHIN_SECONDS = 2.0


@asynccontextmanager
async def processes(database: Secret[str]) -> AsyncIterator[tuple[Place, list[httpx.AsyncClient]]]:
    """Lend an operator's client of each of two server processes."""
    async with (
        two_processes(database) as (place, _, other),
        place.as_operator() as here,
        replace(place, base_url=other.base_url).as_operator() as there,
    ):
        yield place, [here, there]


@asynccontextmanager
async def replicas(database: Secret[str]) -> AsyncIterator[tuple[Place, list[httpx.AsyncClient]]]:
    """Lend an operator's client of each of two servers that share nothing but the database."""
    async with (
        served(database) as place,
        served(database, place=place) as other,
        place.as_operator() as here,
        other.as_operator() as there,
    ):
        yield place, [here, there]


async def test_a_revoked_grant_is_denied_on_the_next_request_in_every_process(database: Secret[str]) -> None:
    """C11: 0 grants after the revoke returned."""
    async with processes(database) as (place, clients):
        caller = await robot(clients[0], place.domain_id)
        project = f"/v1/projects/{place.project_id}"

        async def statuses() -> list[int]:
            answers = [await each.get(project, headers=caller.headers) for each in reversed(clients)]
            return [answer.status_code for answer in answers]

        for turn in range(REVOCATIONS):
            here = clients[turn % 2]
            tuple_id = await grant(
                here, place.project_id, caller.subject, "admin", f"project:{place.project_id}"
            )
            assert await statuses() == [200, 200]
            revoked = await here.delete(f"{TUPLES}/{tuple_id}")
            assert revoked.status_code == 204
            assert await statuses() == [403, 403]
            clients.reverse()


async def test_a_grant_that_is_replaced_by_a_lesser_one_counts_as_the_lesser_at_once(
    database: Secret[str],
) -> None:
    async with replicas(database) as (place, [here, there]):
        caller = await robot(here, place.domain_id)
        resource = f"project:{place.project_id}"
        tuple_id = await grant(here, place.project_id, caller.subject, "admin", resource)
        change = {"name": "Renamed"}
        before = await there.patch(f"/v1/projects/{place.project_id}", json=change, headers=caller.headers)

        lesser = {"subject": caller.subject, "relation": "member", "resource": resource}
        replaced = await here.patch(f"{TUPLES}/{tuple_id}", json=lesser)
        after = await there.patch(f"/v1/projects/{place.project_id}", json=change, headers=caller.headers)
        reading = await there.get(f"/v1/projects/{place.project_id}", headers=caller.headers)

    assert [before.status_code, replaced.status_code] == [200, 200]
    assert [after.status_code, reading.status_code] == [403, 200]


async def test_a_revoked_api_token_is_dead_within_two_seconds_in_every_process(database: Secret[str]) -> None:
    """C35: whichever process revokes, and however warm the other one's memory is."""
    async with processes(database) as (place, clients):
        for here, there in [clients, clients[::-1]]:
            caller = await robot(here, place.domain_id, str(here.base_url))
            assert [await who(each, caller) for each in (here, there)] == [200, 200]

            revoked = await here.delete(f"/v1/admin/tokens/{caller.token_id}")

            assert revoked.status_code == 204
            assert await who(here, caller) == 401
            await until_dead(there, caller)
            assert [await who(each, caller) for each in (here, there)] == [401, 401]


async def test_a_rotated_api_token_has_a_successor_everywhere_at_once_and_is_rotated_only_once(
    database: Secret[str],
) -> None:
    async with replicas(database) as (place, [here, there]):
        caller = await robot(here, place.domain_id)

        answers = await asyncio.gather(
            *[each.post(f"/v1/admin/tokens/{caller.token_id}/rotate") for each in (here, there)]
        )
        [rotated] = [answer.json() for answer in answers if answer.is_success]
        successor = Robot(caller.principal_id, rotated["id"], rotated["plaintext"])

        assert sorted(answer.status_code for answer in answers) == [200, 404]
        assert [await who(each, successor) for each in (here, there)] == [200, 200]
        # The old one keeps working through its grace; revoking it ends that.
        assert await who(there, caller) == 200
        await here.delete(f"/v1/admin/tokens/{caller.token_id}")
        await until_dead(there, caller)
        assert await who(there, successor) == 200


async def who(client: httpx.AsyncClient, caller: Robot) -> int:
    return (await client.get("/v1/auth/whoami", headers=caller.headers)).status_code


async def until_dead(client: httpx.AsyncClient, caller: Robot) -> None:
    async with asyncio.timeout(DEAD_WITHIN_SECONDS):
        while True:
            if await who(client, caller) == 401:
                return
            await asyncio.sleep(0.02)


async def test_nobody_writes_himself_a_tuple_that_he_could_not_give_another(database: Secret[str]) -> None:
    """D12: managing a Project is no way up, and every attempt is written down."""
    async with served(database) as place, place.as_operator() as operator:
        caller = await robot(operator, place.domain_id)
        own = f"project:{place.project_id}"
        held = await grant(operator, place.project_id, caller.subject, "admin", own)
        above = [f"domain:{place.domain_id}", "platform:plexsphere", f"domain:{ABSENT}", f"project:{ABSENT}"]
        for resource in above:
            body = {"subject": caller.subject, "relation": "admin", "resource": resource}
            created = await operator.post(
                TUPLES, params={"project_id": place.project_id}, json=body, headers=caller.headers
            )
            replaced = await operator.patch(f"{TUPLES}/{held}", json=body, headers=caller.headers)
            assert [created.status_code, replaced.status_code] == [403, 403], resource
        deeper = await operator.post(
            TUPLES,
            params={"project_id": place.project_id},
            json={"subject": caller.subject, "relation": "domain", "resource": own},
            headers=caller.headers,
        )

    assert (deeper.status_code, code_of(deeper)) == (400, "invalid_relation_tuple")
    denied = [entry for entry in trail(database) if entry[1] == "permission_denied"]
    assert {entry[2] for entry in denied} == set(above)
    held_now = rows(
        database, "SELECT object_type FROM relation_tuples WHERE subject_type = 'service-identity'"
    )
    assert held_now == [("project",)]


async def test_who_manages_the_platform_is_told_what_is_not_there_and_writes_nothing_on_it(
    database: Secret[str],
) -> None:
    async with served(database) as place, place.as_operator() as operator:
        caller = await robot(operator, place.domain_id)
        body = {"subject": caller.subject, "relation": "admin", "resource": f"project:{place.project_id}"}
        nowhere = {"project_id": str(ABSENT)}

        under_none = await operator.post(TUPLES, params=nowhere, json=body)
        listed = await operator.get(TUPLES, params=nowhere)
        on_none = [
            await operator.post(
                TUPLES, params={"project_id": place.project_id}, json={**body, "resource": resource}
            )
            for resource in (f"project:{ABSENT}", f"domain:{ABSENT}")
        ]
        removed = await operator.delete(f"{TUPLES}/{ABSENT}")
        foreign = await operator.post(TUPLES, params=nowhere, json=body, headers=caller.headers)

    assert (under_none.status_code, code_of(under_none)) == (404, "project_not_found")
    assert (listed.status_code, listed.json()["items"]) == (200, [])
    assert [(answer.status_code, code_of(answer)) for answer in on_none] == [
        (400, "invalid_relation_tuple")
    ] * 2
    assert (removed.status_code, code_of(removed)) == (404, "relation_tuple_not_found")
    assert foreign.status_code == 403
    assert rows(database, "SELECT id FROM relation_tuples WHERE subject_type = 'service-identity'") == []


@pytest.mark.parametrize("name", ["domain:plexsphere", f"platform:{ABSENT}"])
async def test_a_denial_on_an_object_that_cannot_be_is_a_denial(database: Secret[str], name: str) -> None:
    async with served(database) as place, place.as_operator() as operator:
        caller = await robot(operator, place.domain_id)
        question = {"resource": name, "relation": "manage", "subject_type": "user"}

        answer = await operator.post("/v1/authz/lookup-subjects", json=question, headers=caller.headers)

    assert answer.status_code == 403, answer.text


async def test_a_credential_counts_in_its_header_and_nowhere_else(database: Secret[str]) -> None:
    """H47."""
    async with served(database) as place, httpx.AsyncClient(base_url=place.base_url) as client:
        token = place.operator.reveal()
        requests: list[dict[str, Any]] = [
            {"params": {name: token}} for name in ("token", "access_token", "authorization", "api_key")
        ]
        requests += [
            {"headers": {"Cookie": f"token={token}; authorization={token}"}},
            {"headers": {"X-Api-Key": token, "X-Authorization": f"Bearer {token}"}},
            {"headers": {"Authorization": token}},
            {"headers": {"Authorization": f"Basic {token}"}},
        ]
        answers = [await client.get("/v1/domains", **request) for request in requests]

    assert [answer.status_code for answer in answers] == [401] * len(requests)


async def test_a_server_whose_clock_runs_ahead_lets_nothing_expire(database: Secret[str]) -> None:
    """H24: the lifetime of tokens is the database's to tell."""
    clock = ShiftedClock()
    async with served(database, clock=clock) as place, place.as_operator() as operator:
        caller = await robot(operator, place.domain_id)
        [token] = await place.bootstrap_tokens(1)

        clock.shift = timedelta(days=400)
        enrolling = {
            "token": token,
            "public_key": "bWFjaGluZS1vZi1hLXRlc3QtMDAwMDAwMDAwMDAwMDE=",
            "hostname": "web-01",
        }
        enrolled = await operator.post("/v1/register", json=enrolling)

        assert enrolled.status_code == 201, enrolled.text
        assert await who(operator, caller) == 200
