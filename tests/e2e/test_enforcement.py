"""What nodes do with traffic that no policy lets through, and what they only note, reaches them."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from operator import contains
from typing import Any

import pytest

from plexd.protocol.client.transport import Transport
from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import served
from tests.support.event_reader import EventReader, reading
from tests.support.event_scene import enrolled
from tests.support.machines import Machine, RawNode

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

SOON = 10.0
NOTED_NO_MORE = b'"enforcement":{"default_action":"deny","log_denied":false}'


async def state_of(node: RawNode) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((await node.call("GET", "state")).body)
    return told


async def state_once(node: RawNode, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The node's state once the claim holds of it."""
    async with asyncio.timeout(SOON):
        while True:
            told = await state_of(node)
            if holds(told):
                return told
            await asyncio.sleep(0.05)


def noted(state: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries with what is only to be noted."""
    return [entry for entry in state["policies"] if "log_rules" in entry]


async def test_every_node_is_told_at_once_to_note_no_more_what_it_refuses(database: Secret[str]) -> None:
    async with (
        served(database) as place,
        served(database, place=place) as other,
        place.as_operator() as client,
        Transport.connected(other.base_url) as transport,
        AsyncExitStack() as stack,
    ):
        readers = [EventReader(node, keep_octets=True) for node in await enrolled(place, transport, 2)]
        for reader in readers:
            await stack.enter_async_context(reading(reader, reader.node.channel(transport)))
        [token] = await place.bootstrap_tokens(1)
        machine = await Machine().enrol(place.base_url, token)
        before = await state_of(machine)
        for reader in readers:
            await reader.until(SOON, "peer_added")
            reader.forget()

        path = f"/v1/domains/{place.domain_id}"
        patched = await client.patch(path, json={"log_denied": False})
        for reader in readers:
            await reader.until_true(SOON, partial(contains, reader.octets, NOTED_NO_MORE))
        after = await state_once(machine, lambda state: state["enforcement"] != before["enforcement"])
        streaming = [reader.is_streaming for reader in readers]

    assert (patched.status_code, patched.json()["log_denied"]) == (200, False)
    assert before["enforcement"] == {"default_action": "deny", "log_denied": True}
    assert after["enforcement"] == {"default_action": "deny", "log_denied": False}
    assert streaming == [True, True]


async def test_what_is_only_to_be_noted_reaches_nodes_beside_their_rules(database: Secret[str]) -> None:
    log = {"action": "log", "protocol": "icmp", "source_cidr": "0.0.0.0/0", "destination_cidr": "0.0.0.0/0"}
    async with served(database) as place, place.as_operator() as client:
        machines = [await Machine().enrol(place.base_url, token) for token in await place.bootstrap_tokens(2)]
        path = f"/v1/projects/{place.project_id}/policies"
        body = {"slug": "notes", "selector": {"source": "*", "destination": "*"}, "rules": [log]}
        created = await client.post(path, json=body)
        state = await state_once(machines[0], lambda state: bool(noted(state)))

    assert created.status_code == 201
    assert {rule["action"] for entry in state["policies"] for rule in entry["rules"]} == {"allow"}
    [entry] = noted(state)
    assert entry["id"].startswith(created.json()["id"])
    assert {rule["action"] for rule in entry["log_rules"]} == {"log"}
