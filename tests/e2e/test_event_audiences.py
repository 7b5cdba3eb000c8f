"""Who is told of arrivals and departures: exactly those whom they concern, in every process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import combinations, repeat

import pytest

from plexd.node.view import View
from plexd.protocol.client.transport import Transport
from plexd.protocol.errors import Unauthorized
from plexd.protocol.events.payloads import PeerChanged
from plexd.protocol.keys.signing_keys import SigningKeys
from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import Served, served
from tests.support.event_reader import Enrolled, EventReader, enrol, reading
from tests.support.event_scene import annotate, enrolled, grouped_mesh, remove

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

SOON = 10.0


@asynccontextmanager
async def two_servers(dsn: Secret[str]) -> AsyncIterator[tuple[Served, list[Transport]]]:
    """Serve twice over one database; return where operators call, and the way to either server."""
    async with (
        served(dsn) as place,
        served(dsn, place=place) as other,
        Transport.connected(place.base_url) as near,
        Transport.connected(other.base_url) as far,
    ):
        yield place, [near, far]


async def test_peer_added_reaches_exactly_those_who_may_see_the_new_node(database: Secret[str]) -> None:
    async with two_servers(database) as (place, servers), AsyncExitStack() as stack:
        mesh = await grouped_mesh(place, servers[0], groups=2, size=4)
        readers = [[EventReader(node) for node in group] for group in mesh]
        for number, reader in enumerate(each for group in readers for each in group):
            channel = reader.node.channel(servers[number % 2])
            await stack.enter_async_context(reading(reader, channel))
        [token] = await place.bootstrap_tokens(1, labels={"group": "g0"})

        newcomer = await enrol(servers[1], token, "newcomer")
        for node in mesh[1]:
            await annotate(place, node, "note", "after the arrival")

        for reader in readers[0]:
            await reader.until_true(SOON, _is_added(reader, newcomer))
        for reader in readers[1]:
            await reader.until(SOON, "node_state_updated")
            assert newcomer.node_id not in _added(reader)
        told = {peer.id for peer in newcomer.registration.peers}
        assert told == {node.node_id for node in mesh[0]}


async def test_a_removed_node_is_gone_everywhere_and_the_remaining_pairs_are_fresh(
    database: Secret[str],
) -> None:
    """C35, D14: its streams end in both processes and it does not come back; no peer keeps a key it could know."""
    async with two_servers(database) as (place, servers), AsyncExitStack() as stack:
        gone, *rest = await enrolled(place, servers[0], 4)
        ends = [EventReader(gone) for _ in servers]
        readers = [EventReader(node) for node in rest]
        for reader, server in zip([*ends, *readers], [*servers, *servers, servers[0]], strict=True):
            await stack.enter_async_context(reading(reader, reader.node.channel(server)))
        before = [_view(node) for node in rest]

        await remove(place, gone)

        for reader in readers:
            await reader.until_true(SOON, _is_fresh(reader, len(rest) - 1))
        after = [_told(node, reader) for node, reader in zip(rest, readers, strict=True)]
        for one, other in combinations(range(len(rest)), 2):
            key = after[one].peers[rest[other].node_id].psk
            assert key == after[other].peers[rest[one].node_id].psk
            # The later of the two was told the pair's first key when it enrolled.
            assert key != before[other].peers[rest[one].node_id].psk
        for view in after:
            assert gone.node_id not in view.peers
        for reader, server in zip(ends, servers, strict=True):
            await reader.until_true(SOON, _is_over(reader))
            told = len(reader.told)
            async with asyncio.timeout(SOON):
                await reader.follow(repeat((gone.channel(server), None)))
            assert isinstance(reader.failure, Unauthorized)
            assert (reader.opened, len(reader.told)) == (1, told)


def _is_added(reader: EventReader, node: Enrolled) -> Callable[[], bool]:
    return lambda: node.node_id in _added(reader)


def _is_fresh(reader: EventReader, pairs: int) -> Callable[[], bool]:
    return lambda: _fresh(reader) == pairs


def _is_over(reader: EventReader) -> Callable[[], bool]:
    return lambda: not reader.is_streaming


def _added(reader: EventReader) -> set[str]:
    added = zip(reader.types, reader.payloads, strict=True)
    return {p.subject for kind, p in added if kind == "peer_added" and isinstance(p, PeerChanged)}


def _fresh(reader: EventReader) -> int:
    # Keys count as fresh once the removal was told: it comes first.
    if "peer_removed" not in reader.types:
        return 0
    after = reader.types[reader.types.index("peer_removed") :]
    return after.count("peer_key_rotated")


def _view(node: Enrolled) -> View:
    view = View(SigningKeys.registered(node.registration.signing_public_key))
    view.upsert(node.registration.peers)
    return view


def _told(node: Enrolled, reader: EventReader) -> View:
    view = _view(node)
    for payload in reader.payloads:
        view.apply(payload)
    return view
