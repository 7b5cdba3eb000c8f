"""A state is answered from the view, of one moment; whole ones are made one at a time (design section 5, D25)."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from plexsphere.fleet.application.crowd_watch import CrowdWatch
from plexsphere.fleet.application.get_state import MOST_WAITING, GetState, State
from plexsphere.fleet.application.reconcile_book import ReconcileBook
from plexsphere.fleet.application.turns import Turns
from plexsphere.fleet.domain.errors import NodeNotFound, TooManyStates
from plexsphere.platform.kernel.mesh_range import MeshRange
from tests.support.event_rows import StampSigner
from tests.support.fleet import DOMAIN, NOBODY, FleetStore, a_node, memory_fleet
from tests.support.fleet_sight import FollowedFleet, grouped
from tests.support.identity import FakeClock
from tests.support.offers import an_offer, execution_id, offer_anew, offered, pending_actions

CROWD = 20
ONE, *OTHERS = grouped([a_node(number) for number in range(1, CROWD + 1)], "g")


async def a_mesh() -> tuple[FollowedFleet, GetState]:
    clock = FakeClock()
    kit = memory_fleet(FleetStore(clock))
    fleet = FollowedFleet(kit)
    await kit.make_domain(DOMAIN)
    await kit.meshes.open(DOMAIN, MeshRange.parse("10.100.0.0/16"))
    await fleet.join(ONE, *OTHERS)
    reconciles, crowds = ReconcileBook(clock), CrowdWatch(clock)
    pending = pending_actions(clock)
    return fleet, GetState(fleet.views, fleet.sight, pending, StampSigner(), reconciles, crowds, Turns())


def pending_of(state: State) -> list[dict[str, Any]]:
    """Return what the state asks the node to do."""
    pending: list[dict[str, Any]] = json.loads(state.body or "")["pending_actions"]
    return pending


async def test_whole_states_are_made_one_in_a_round_of_the_loop_and_unchanged_ones_do_not_wait() -> None:
    """H15: a crowd that asks for its states leaves the loop to heartbeats between any two."""
    _, get_state = await a_mesh()
    known = (await get_state(DOMAIN, ONE.id, "", 0)).tag
    rounds, made = 0, list[int]()

    async def whole(number: int) -> None:
        await get_state(DOMAIN, OTHERS[number].id, "", 0)
        made.append(rounds)

    crowd = asyncio.gather(*(whole(number) for number in range(len(OTHERS))))
    while not crowd.done():
        rounds += 1
        unchanged = get_state(DOMAIN, ONE.id, known, 0)
        with pytest.raises(StopIteration) as answered:
            unchanged.send(None)
        assert answered.value.value == State(known, 0, None)
        await asyncio.sleep(0)

    assert len(made) == len(set(made)) == len(OTHERS)


async def test_a_kept_tag_gives_way_as_soon_as_anything_that_it_was_made_of_is_another() -> None:
    fleet, get_state = await a_mesh()
    before = await get_state(DOMAIN, ONE.id, "", 0)
    assert (await get_state(DOMAIN, ONE.id, before.tag, 0)).body is None

    async with fleet.kit.unit_of_work():
        turn = await fleet.take_turn(DOMAIN)
        await fleet.kit.nodes.depart(DOMAIN, OTHERS[0].id, turn.revision)
    await fleet.views.catch_up(DOMAIN, fleet.views.at)
    after = await get_state(DOMAIN, ONE.id, before.tag, 0)

    assert after.tag != before.tag
    assert after.body is not None
    assert str(OTHERS[0].id) not in after.body
    assert str(OTHERS[0].id) in (before.body or "")


async def test_an_action_that_is_offered_or_taken_up_is_another_state_and_stands_in_it() -> None:
    _, get_state = await a_mesh()
    views = offered()
    get_state = replace(get_state, pending=pending_actions(FakeClock(), views))
    before = await get_state(DOMAIN, ONE.id, "", 0)

    offer_anew(views, [1], an_offer(1))
    asked = await get_state(DOMAIN, ONE.id, before.tag, 0)
    offer_anew(views, [1])
    after = await get_state(DOMAIN, ONE.id, asked.tag, 0)

    assert asked.tag != before.tag
    assert pending_of(before) == []
    assert [each["execution_id"] for each in pending_of(asked)] == [str(execution_id(1))]
    assert (after.tag, after.body) == (before.tag, before.body)


async def test_a_state_is_refused_rather_than_waited_for_behind_a_crowd() -> None:
    """H15: who waits holds a connection, and heartbeats need theirs."""
    _, get_state = await a_mesh()
    known = (await get_state(DOMAIN, ONE.id, "", 0)).tag
    crowd = [asyncio.create_task(get_state.turns.next()) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    assert len(get_state.turns) == MOST_WAITING

    with pytest.raises(TooManyStates):
        await get_state(DOMAIN, ONE.id, "", 0)
    assert (await get_state(DOMAIN, ONE.id, known, 0)).body is None
    await asyncio.gather(*crowd)
    assert (await get_state(DOMAIN, ONE.id, "", 0)).body


async def test_nobody_has_no_state() -> None:
    _, get_state = await a_mesh()

    with pytest.raises(NodeNotFound):
        await get_state(DOMAIN, NOBODY, "", 0)


async def test_a_state_says_what_becomes_of_other_traffic_and_its_tag_follows() -> None:
    fleet, get_state = await a_mesh()
    noted = await get_state(DOMAIN, ONE.id, "", 0)

    fleet.mesh_views.apply(DOMAIN, [], 0, log_denied=False)
    unnoted = await get_state(DOMAIN, ONE.id, noted.tag, 0)

    assert json.loads(noted.body or "")["enforcement"] == {"default_action": "deny", "log_denied": True}
    assert json.loads(unnoted.body or "")["enforcement"] == {"default_action": "deny", "log_denied": False}
    assert (await get_state(DOMAIN, ONE.id, unnoted.tag, 0)).body is None
