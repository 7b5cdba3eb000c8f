"""What nodes announce and report is kept, and bounded."""

from datetime import timedelta
from uuid import UUID

import pytest

from plexsphere.fleet.domain.drift import Correction, DriftReport
from plexsphere.fleet.domain.errors import NodeNotFound
from plexsphere.fleet.ports.drift import MOST_REPORTS
from tests.support.fleet import DOMAIN, NOBODY, FleetKit, a_node
from tests.support.identity import EPOCH

ONE, TWO = a_node(1), a_node(2)


async def test_a_manifest_replaces_the_one_before_as_a_whole(kit: FleetKit) -> None:
    await kit.nodes.add(ONE, 1)

    await kit.capabilities.put(DOMAIN, ONE.id, b'{"binary":{"version":"1"},"hooks":[]}', EPOCH)
    await kit.capabilities.put(DOMAIN, ONE.id, b'{"builtin_actions":null}', EPOCH)

    assert await kit.stored_manifest(ONE.id) == {"builtin_actions": None}


async def test_a_node_that_never_was_has_no_manifest_and_no_drift(kit: FleetKit) -> None:
    with pytest.raises(NodeNotFound):
        await kit.capabilities.put(DOMAIN, NOBODY, b"{}", EPOCH)
    with pytest.raises(NodeNotFound):
        await kit.drift.add(DOMAIN, NOBODY, _report(1))

    assert list(await kit.drift.list(DOMAIN, NOBODY)) == []


async def test_a_node_that_left_has_no_manifest_any_more_to_be_replaced(kit: FleetKit) -> None:
    await kit.nodes.add(ONE, 1)
    await kit.nodes.depart(DOMAIN, ONE.id, 2)

    with pytest.raises(NodeNotFound):
        await kit.capabilities.put(DOMAIN, ONE.id, b"{}", EPOCH)


async def test_drift_reports_come_back_newest_first(kit: FleetKit) -> None:
    await kit.nodes.add(ONE, 1)
    await kit.nodes.add(TWO, 1)
    for number in (1, 3, 2):
        await kit.drift.add(DOMAIN, ONE.id, _report(number))

    assert list(await kit.drift.list(DOMAIN, ONE.id)) == [_report(3), _report(2), _report(1)]
    assert list(await kit.drift.list(DOMAIN, TWO.id)) == []


async def test_the_newest_hundred_reports_of_each_node_are_kept(kit: FleetKit) -> None:
    await kit.nodes.add(ONE, 1)
    await kit.nodes.add(TWO, 1)
    await kit.drift.add(DOMAIN, TWO.id, _report(500))
    async with kit.unit_of_work():
        for number in range(1, MOST_REPORTS + 3):
            await kit.drift.add(DOMAIN, ONE.id, _report(number))

    kept = await kit.drift.list(DOMAIN, ONE.id)

    assert [report.id.int for report in kept] == list(range(MOST_REPORTS + 2, 2, -1))
    assert list(await kit.drift.list(DOMAIN, TWO.id)) == [_report(500)]


def _report(number: int) -> DriftReport:
    corrections = (Correction("peer_added", f"peer {number}"), Correction("", ""))
    return DriftReport(UUID(int=number), EPOCH + timedelta(seconds=number), corrections)
