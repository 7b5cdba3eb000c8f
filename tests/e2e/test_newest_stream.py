"""The newest stream of a node wins, whichever processes its streams are open in (hardening H36)."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from itertools import cycle, islice
from typing import Final

import pytest

from plexd.protocol.client.transport import Transport
from plexd.protocol.errors import Overloaded
from plexsphere.fleet.application.stream_hub import MOST_REPLACEMENTS
from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import two_processes
from tests.support.event_reader import EventReader, reading
from tests.support.event_scene import (
    enrolled,
    first_offsets,
    move,
    peers_within,
    places_due,
    sequenced,
)

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

SOON: Final = 20.0
MOVES: Final = 30


async def test_the_newest_stream_wins_across_processes_and_neither_sees_a_gap_until_then(
    database: Secret[str],
) -> None:
    """H36: the older stream ends wherever it is; what was told to it is all there was, in order."""
    async with two_processes(database) as (place, one, other), AsyncExitStack() as stack:
        here, there = [
            await stack.enter_async_context(Transport.connected(each.base_url)) for each in (one, other)
        ]
        mesh = [await enrolled(place, here, 2)]
        mover, node = mesh[0]
        since = await first_offsets(database)
        readers = []
        for port, transport in enumerate(islice(cycle([here, there]), 4), start=1):
            reader = EventReader(node, behind=since[node.node_id])
            readers.append(reader)
            await stack.enter_async_context(reading(reader, node.channel(transport)))
            for at in range(MOVES):
                await move(mover, here, port * 1_000 + at)
            for each in readers[:-1]:
                await each.until_true(SOON, _is_over(each))
        *older, newest = readers
        await sequenced(database)
        due = (await places_due(database, peers_within(mesh), since))[node.node_id]
        await newest.until_true(SOON, lambda: len(newest.told) >= len(due))

        assert newest.is_streaming
        assert list(newest.told) == due
        for each in older:
            assert each.failure is None
            assert list(each.told) == due[: len(each.told)]
        assert [each.faults for each in readers] == [[]] * len(readers)


async def test_machines_with_one_identity_on_two_processes_do_not_drive_each_other_out_for_ever(
    database: Secret[str],
) -> None:
    """H36: replacements from elsewhere count, and a storm of them is refused before the headers."""
    async with two_processes(database) as (place, one, other), AsyncExitStack() as stack:
        transports = [
            await stack.enter_async_context(Transport.connected(each.base_url)) for each in (one, other)
        ]
        [node] = await enrolled(place, transports[0], 1)
        opened: list[EventReader] = []
        for transport in islice(cycle(transports), 2 * MOST_REPLACEMENTS + 1):
            reader = EventReader(node)
            await stack.enter_async_context(reading(reader, node.channel(transport)))
            if opened and reader.failure is None:
                await opened[-1].until_true(SOON, _is_over(opened[-1]))
            opened.append(reader)
        *_, last, refused = opened

        assert isinstance(refused.failure, Overloaded)
        assert (refused.failure.status, refused.failure.retry_after) == (429, 60.0)
        assert last.is_streaming


def _is_over(reader: EventReader) -> Callable[[], bool]:
    return lambda: not reader.is_streaming
