"""Limits of rate, at a real server."""

from ipaddress import ip_network

import pytest

from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import served
from tests.support.machines import Machine, RawNode
from tests.support.raw_http import RawAnswer

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

TEN_AT_ONCE = 60


def is_asked_to_wait(answer: RawAnswer) -> bool:
    if answer.status != 429:
        return False
    assert answer.code == "rate_limited"
    return int(answer.header("retry-after")) >= 1


async def test_a_node_whose_calls_run_wild_is_asked_to_wait_and_still_lives(database: Secret[str]) -> None:
    """H15, H16: whatever it says of where it comes from; no other node hears of it."""
    async with served(database, node_calls_per_minute=TEN_AT_ONCE) as place:
        wild, calm = [
            await Machine().enrol(place.base_url, token) for token in await place.bootstrap_tokens(2)
        ]

        asked = [await state(wild, f"203.0.113.{number}") for number in range(20)]

        assert [answer.status for answer in asked[:10]] == [200] * 10
        assert any(map(is_asked_to_wait, asked[10:]))
        assert is_asked_to_wait(await wild.call("GET", "events"))
        assert await wild.heartbeat() == 200
        assert (await state(calm, "203.0.113.1")).status == 200


async def state(node: RawNode, says: str) -> RawAnswer:
    return await node.call("GET", "state", headers={"X-Forwarded-For": says, "X-Real-IP": says})


async def test_behind_a_proxy_of_ours_each_source_answers_for_itself(database: Secret[str]) -> None:
    """H16: wrong credentials of one do not bar another at the same proxy."""
    loopback = (ip_network("127.0.0.0/8"),)
    async with served(database, credential_failures_per_minute=5, trusted_proxies=loopback) as place:
        [token] = await place.bootstrap_tokens(1)
        node = await Machine().enrol(place.base_url, token)
        bad = {"X-Forwarded-For": "203.0.113.66"}

        wrong = [await node.call("GET", "state", token="plx_node_x", headers=bad) for _ in range(7)]

        assert [answer.status for answer in wrong] == [401] * 5 + [429] * 2
        assert (await state(node, "203.0.113.7")).status == 200
