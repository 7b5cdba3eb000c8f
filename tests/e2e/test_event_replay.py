"""A node that was away is told what it missed: as it is now, signed now, and only what it may know now."""

import asyncio
from datetime import timedelta
from itertools import islice
from urllib.parse import urlsplit

import pytest

from plexd.protocol.client.transport import Transport
from plexd.protocol.events.framing import FrameParser
from plexd.protocol.events.payloads import PeerChanged
from plexsphere.platform.db.database import Database
from plexsphere.platform.db.pool import build_pool
from plexsphere.platform.events.pruner import Pruner
from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import ShiftedClock, served
from tests.support.event_reader import Enrolled, EventReader, reading
from tests.support.event_scene import (
    add_policy,
    annotate,
    drop_default_policy,
    enrolled,
    is_asked_to_reconcile,
    move,
    policy,
    remove,
    sequenced,
)

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

SOON = 10.0
UNKNOWN_PLACES = [
    b"7" * 65_536,
    b"1." + b"0" * 65_536,
    b"-1.0",
    b"1.-1",
    b"999999999999999999.0",
    b"9999999999999999999999.0",
    b"1",
    b"1.0.0",
    b"1.0 ",
    b"+1.0",
    "\uff11.\uff10".encode(),
    b"\xff\xfe",
    b"evt_1.0",
    b"0x1.0",
    b"NaN",
]
BROKEN_LINES = [b"1.0\x00", b"1.0\r2", b"1.0\n2.0", b"\x00"]


async def test_an_hour_of_missed_events_passes_the_agents_own_checks(database: Secret[str]) -> None:
    """C26: events are signed at delivery, so their age is that of the delivery."""
    clock = ShiftedClock()
    async with (
        served(database, clock=clock) as place,
        Transport.connected(place.base_url) as transport,
    ):
        one, two, three = await enrolled(place, transport, 3)
        reader = EventReader(one, clock)
        async with reading(reader, one.channel(transport)):
            await reader.until(SOON, "peer_added")
        heard = len(reader.told)
        await move(two, transport, 7)
        await remove(place, three)
        await annotate(place, one, "note", "missed")

        clock.shift = timedelta(hours=1)

        async with reading(reader, one.channel(transport)):
            await reader.until(SOON, "peer_endpoint_changed", "peer_removed", "node_state_updated")
        assert reader.faults == []
        for event in islice(reader.told.values(), heard, None):
            assert abs(clock.now() - event.issued_at) < timedelta(minutes=1)


@pytest.mark.parametrize("from_database", [False, True])
async def test_who_lost_sight_of_a_peer_meanwhile_gets_no_key_by_replay(
    database: Secret[str], from_database: bool
) -> None:
    """C24, D19: whichever process replays, from its memory or from the database."""
    async with served(database) as place, Transport.connected(place.base_url) as transport:
        await drop_default_policy(place)
        await add_policy(place, policy("pair", "group=g", "group=g"))
        one, two = await enrolled(place, transport, 2, labels={"group": "g"})
        reader = EventReader(one, keep_octets=True)
        async with reading(reader, one.channel(transport)):
            await reader.until(SOON, "peer_added")
        assert b'"psk"' in reader.octets
        reader.octets.clear()
        await move(two, transport, 7)
        for group in ("another", "g", "another"):
            await annotate(place, two, "group", group)
        await sequenced(database)

        async with (
            served(database, place=place) as fresh,
            Transport.connected((fresh if from_database else place).base_url) as where,
            reading(reader, one.channel(where)),
        ):
            await reader.until_true(SOON, lambda: reader.types.count("peer_removed") == 2)

        assert reader.faults == []
        assert b'"psk"' not in reader.octets
        assert "peer_endpoint_changed" not in reader.types


async def test_a_frame_cut_in_the_middle_is_told_again_as_the_same_event(database: Secret[str]) -> None:
    """H37: what has no blank line was never told."""
    async with served(database) as place, Transport.connected(place.base_url) as transport:
        one, _ = await enrolled(place, transport, 2)
        whole = bytearray()
        async with one.channel(transport).events() as chunks:
            async for octets in chunks:
                whole += octets
                if whole.count(b"\n\n") >= 3:
                    break
        [first, second, *_] = FrameParser().feed(bytes(whole))
        cut = whole.index(b"\n\n", whole.index(b"data: ")) + 2 + len(b"id: 1.1\nevent: ")
        assert [frame.id for frame in FrameParser().feed(bytes(whole[:cut]))] == [first.id]

        reader = EventReader(one)
        reader.last_event_id = first.id
        async with reading(reader, one.channel(transport)):
            await reader.until_true(SOON, lambda: bool(reader.told))

        [again] = islice(reader.told.items(), 1)
        assert str(again[0]) == second.id
        assert again[1].event_id.encode() in second.data


@pytest.mark.parametrize("from_database", [False, True])
async def test_an_unknown_place_is_live_from_now_on_and_asks_for_a_reconciliation(
    database: Secret[str], from_database: bool
) -> None:
    """H34: whatever a Last-Event-ID holds, it is never a fault of ours and never brings anything foreign."""
    clock = ShiftedClock()
    async with (
        served(database, clock=clock) as first,
        served(database, clock=clock, place=first) as fresh,
        Transport.connected(first.base_url) as near,
    ):
        one, two = await enrolled(first, near, 2)
        await move(two, near, 7)
        await sequenced(database)
        base_url = (fresh if from_database else first).base_url
        async with Transport.connected(base_url) as transport:
            for place in UNKNOWN_PLACES:
                # Who asks so more often than six times a minute has to wait.
                clock.shift += timedelta(seconds=11)
                status, body = await _asked(base_url, one, place)
                assert (place[:30], status, body) == (place[:30], 200, b": \n\n")
                assert await is_asked_to_reconcile(one, transport), place[:30]
            for place in BROKEN_LINES:
                clock.shift += timedelta(seconds=11)
                status, _ = await _asked(base_url, one, place)
                assert status in (200, 400), place
            assert (await _asked(base_url, one, b"1.0"))[0] == 200


async def test_a_node_that_comes_back_without_a_place_again_and_again_has_to_wait(
    database: Secret[str],
) -> None:
    """H34: each such stream costs a row of the log, so a node has six of them a minute."""
    async with served(database) as place, Transport.connected(place.base_url) as transport:
        [one] = await enrolled(place, transport, 1)
        await _asked(place.base_url, one, b"")
        statuses = [(await _asked(place.base_url, one, b"unknown"))[0] for _ in range(7)]
        asked = await is_asked_to_reconcile(one, transport)

    assert (statuses, asked) == ([200] * 6 + [429], True)


async def test_the_place_of_another_node_brings_its_reader_nothing_of_that_node(
    database: Secret[str],
) -> None:
    """H34: what a place lies behind is told as far as it concerns whoever asks."""
    async with served(database) as place, Transport.connected(place.base_url) as transport:
        await drop_default_policy(place)
        for name in ("a", "b"):
            await add_policy(place, policy(name, f"group={name}", f"group={name}"))
        ours = await enrolled(place, transport, 2, labels={"group": "a"})
        theirs = await enrolled(place, transport, 2, labels={"group": "b"})
        for port in (1, 2, 3):
            await move(theirs[0], transport, port)
        await move(ours[1], transport, 4)
        await sequenced(database)
        reader = EventReader(ours[0], keep_octets=True)
        reader.last_event_id = "1.0"

        async with reading(reader, ours[0].channel(transport)):
            await reader.until(SOON, "peer_endpoint_changed")

        assert {p.subject for p in reader.payloads if isinstance(p, PeerChanged)} == {ours[1].node_id}
        assert not any(node.node_id.encode() in reader.octets for node in theirs)


async def test_a_place_below_the_horizon_asks_only_those_for_a_reconciliation_who_lost_something(
    database: Secret[str],
) -> None:
    """H35: never a silent gap, and no crowd for nothing."""
    async with served(database) as place, Transport.connected(place.base_url) as transport:
        await drop_default_policy(place)
        await add_policy(place, policy("pair", "group=g", "group=g"))
        one, two = await enrolled(place, transport, 2, labels={"group": "g"})
        [alone] = await enrolled(place, transport, 1, labels={"group": "none"})
        readers = {node.node_id: EventReader(node) for node in (one, alone)}
        await annotate(place, alone, "note", "x")
        await annotate(place, one, "note", "x")
        for node in (one, alone):
            reader = readers[node.node_id]
            async with reading(reader, node.channel(transport)):
                await reader.until(SOON, "node_state_updated")
        await move(two, transport, 7)
        await _prune_everything(database)

        async with (
            served(database, place=place) as fresh,
            Transport.connected(fresh.base_url) as where,
            reading(readers[one.node_id], one.channel(where)),
            reading(readers[alone.node_id], alone.channel(where)),
        ):
            assert await is_asked_to_reconcile(one, where)
            assert not await is_asked_to_reconcile(alone, where)


async def _prune_everything(dsn: Secret[str]) -> None:
    await sequenced(dsn)
    pool = build_pool(dsn, 1)
    async with pool:
        assert await Pruner(Database(pool)).prune(timedelta()) > 0


async def _asked(base_url: str, node: Enrolled, last_event_id: bytes) -> tuple[int, bytes]:
    """Open a stream with these bytes as the header's value; return the status and the first chunk."""
    address = urlsplit(base_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    bearer = node.registration.node_token.reveal()
    writer.write(
        f"GET /v1/nodes/{node.node_id}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {bearer}\r\n".encode()
        + b"Last-Event-ID: "
        + last_event_id
        + b"\r\n\r\n"
    )
    try:
        async with asyncio.timeout(SOON):
            head = await reader.readuntil(b"\r\n\r\n")
            status = int(head.split()[1])
            if status != 200:
                return status, b""
            size = int(await reader.readline(), 16)
            return status, await reader.readexactly(size)
    finally:
        writer.close()
        await writer.wait_closed()
