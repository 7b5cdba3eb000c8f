"""Each storm, short and with few nodes; `make storm` lets them loose as they are promised."""

from collections.abc import Awaitable, Callable, Sequence

import pytest

from plexsphere.platform.kernel.secret import Secret
from tests.storm.denials import denials
from tests.storm.promises import Promise, heartbeats, percentile
from tests.storm.removal import removal
from tests.storm.replay import replay
from tests.storm.restart import restart
from tests.storm.stage import Stage
from tests.storm.vanish import vanish

# Beside other tests nothing is quick: what is promised of time is held by the storms alone.
BY_TIME = ("p99", "are back", "are written", "are fresh", "is back")


async def broken(
    database: Secret[str],
    storm: Callable[[Stage], Awaitable[Sequence[Promise]]],
    scale: float,
    interval: float,
) -> list[Promise]:
    """Return the promises that were broken, but those about time."""
    promises = await storm(await Stage.set_up(database, scale, interval))

    assert len(promises) >= 5
    return [
        promise
        for promise in promises
        if not promise.kept and not any(words in promise.name for words in BY_TIME)
    ]


@pytest.mark.postgres
@pytest.mark.e2e
async def test_most_of_a_fleet_vanishes_and_comes_back_and_nobody_loses_a_peer_unasked(
    database: Secret[str],
) -> None:
    """D27: what is gone all at once is taken from nobody until an operator says so."""
    assert await broken(database, vanish, 0.025, 2.0) == []


@pytest.mark.postgres
@pytest.mark.e2e
async def test_a_server_killed_under_its_streams_comes_back_to_all_of_them_and_nothing_is_lost(
    database: Secret[str],
) -> None:
    """C29: acknowledged changes are there, every event reaches every stream once and in order."""
    assert await broken(database, restart, 0.01, 2.0) == []


@pytest.mark.postgres
@pytest.mark.e2e
async def test_a_removal_reaches_every_peer_and_leaves_no_pair_its_former_key(database: Secret[str]) -> None:
    """D14: whoever was removed knows no key that is still in use."""
    assert await broken(database, removal, 0.04, 2.0) == []


@pytest.mark.postgres
@pytest.mark.e2e
async def test_what_many_missed_is_told_them_all_from_memory_and_by_the_index(database: Secret[str]) -> None:
    """H14: whether the process was there or came later."""
    assert await broken(database, replay, 0.1, 2.0) == []


@pytest.mark.postgres
@pytest.mark.e2e
async def test_a_flood_of_denials_leaves_few_rows_and_everybody_else_served(database: Secret[str]) -> None:
    """M28: the trail stays short, however many are denied."""
    found = await denials(await Stage.set_up(database, 0.1, 2.0))

    assert [promise.name for promise in found if promise.name == "audit entries" and promise.kept]
    assert [promise.name for promise in found if promise.name == "heartbeats succeed" and promise.kept]


def test_a_percentile_is_a_value_that_was_found() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.99) == 3.0
    assert percentile(list(range(1, 101)), 0.99) == 99
    assert percentile([], 0.5) == 0.0


def test_heartbeats_that_fail_break_their_promise() -> None:
    good, bad = (0.0, 0.01, 200), (0.0, 0.01, 503)

    assert [promise.kept for promise in heartbeats([good] * 1_000)] == [True, True]
    assert [promise.kept for promise in heartbeats([good] * 998 + [bad] * 2)] == [False, True]
    assert not heartbeats([])[0].kept
