"""Heartbeats are written in batches, and only news is told on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from plexsphere.fleet.domain.node import Reachability
from plexsphere.fleet.ports.heartbeats import Heartbeat, ToldChecksum
from plexsphere.platform.kernel.secret import Secret
from tests.support.fleet import DOMAIN, NOBODY, OTHER_DOMAIN, FleetKit, RowOnly, a_node
from tests.support.identity import EPOCH
from tests.support.identity_postgres import lent_database

ONE, TWO = a_node(1), a_node(2, OTHER_DOMAIN)
BEAT = Heartbeat(DOMAIN, ONE.id, EPOCH, "sha256:aa", clock_skewed=False, noted_at=0.0)


async def _recorded(kit: FleetKit, *batch: Heartbeat) -> list[object]:
    async with kit.unit_of_work():
        return list((await kit.heartbeats.record(batch, 0.0)).first)


async def _told(kit: FleetKit, *batch: Heartbeat) -> list[ToldChecksum]:
    """Record a batch, keep what it told, and return that."""
    async with kit.unit_of_work():
        told = list((await kit.heartbeats.record(batch, 0.0)).told)
        await kit.heartbeats.keep_checksums(told)
    return told


async def test_the_first_heartbeat_of_a_node_makes_it_healthy_and_is_told(kit: FleetKit) -> None:
    await kit.nodes.add(ONE, 1)
    await kit.nodes.add(TWO, 1)

    first = await _recorded(kit, BEAT, BEAT._replace(domain_id=OTHER_DOMAIN, node_id=TWO.id))
    second = await _recorded(kit, BEAT)

    assert first == [(DOMAIN, ONE.id), (OTHER_DOMAIN, TWO.id)]
    assert second == []
    assert await kit.nodes.get(DOMAIN, ONE.id) == replace(ONE, reachability=Reachability.HEALTHY)


async def test_a_late_heartbeat_never_turns_time_back(kit: FleetKit) -> None:
    """H26: the newest receipt by our clock counts."""
    await kit.nodes.add(ONE, 1)
    later = EPOCH + timedelta(seconds=30)

    await _recorded(kit, BEAT._replace(received_at=later))
    await _recorded(kit, BEAT)

    assert (await kit.stored_row(ONE.id)).last_heartbeat_at == later


async def test_a_checksum_that_was_left_out_does_not_replace_the_known_one(kit: FleetKit) -> None:
    await kit.nodes.add(ONE, 1)

    await _told(kit, BEAT)
    told = await _told(kit, BEAT._replace(binary_checksum="", clock_skewed=True))

    assert told == []
    assert await kit.stored_row(ONE.id) == RowOnly(EPOCH, "sha256:aa", clock_skewed=True)


async def test_a_checksum_that_differs_is_told_until_it_is_kept(kit: FleetKit) -> None:
    await kit.nodes.add(ONE, 1)
    await _recorded(kit, BEAT)
    before = await kit.stored_row(ONE.id)

    first, second = await _told(kit, BEAT), await _told(kit, BEAT)
    other = await _told(kit, BEAT._replace(binary_checksum="bb"))

    assert before.binary_checksum == ""
    assert (first, second) == ([ToldChecksum(DOMAIN, ONE.id, "sha256:aa")], [])
    assert other == [ToldChecksum(DOMAIN, ONE.id, "bb")]


async def test_heartbeats_of_nodes_that_left_or_live_elsewhere_are_passed_over(kit: FleetKit) -> None:
    await kit.nodes.add(ONE, 1)
    await kit.nodes.add(TWO, 1)
    await kit.nodes.depart(DOMAIN, ONE.id, 2)

    told = await _recorded(kit, BEAT, BEAT._replace(node_id=TWO.id), BEAT._replace(node_id=NOBODY))

    assert told == []
    assert (await kit.stored_row(TWO.id)).last_heartbeat_at is None


async def test_an_empty_batch_is_no_trouble(kit: FleetKit) -> None:
    assert await _recorded(kit) == []


@pytest.mark.postgres
async def test_a_node_that_somebody_holds_keeps_no_other_from_being_written(
    real: FleetKit, database: Secret[str]
) -> None:
    """D28: whoever is held is named, so that it is written later; who left is not."""
    three = a_node(3)
    for node in (ONE, TWO, three):
        await real.nodes.add(node, 1)
    await real.nodes.depart(DOMAIN, three.id, 2)
    batch = [BEAT, BEAT._replace(node_id=three.id), BEAT._replace(domain_id=OTHER_DOMAIN, node_id=TWO.id)]
    async with lent_database(database) as elsewhere, elsewhere(), elsewhere.connection() as connection:
        await connection.execute("SELECT FROM nodes WHERE id = %s FOR UPDATE", [ONE.id])

        async with real.unit_of_work():
            beside = await real.heartbeats.record(batch, 0.0)
    async with real.unit_of_work():
        after = await real.heartbeats.record(batch, 0.0)

    assert beside[:2] == ([(OTHER_DOMAIN, TWO.id)], frozenset({ONE.id}))
    assert after[:2] == ([(DOMAIN, ONE.id)], frozenset())
