"""What nodes report is kept under our time, within bounds."""

import pytest

from plexsphere.fleet.application.get_node_drift import GetNodeDrift
from plexsphere.fleet.application.report_drift import ReportDrift
from plexsphere.fleet.application.update_capabilities import UpdateCapabilities
from plexsphere.fleet.domain.drift import (
    LONGEST_DETAIL,
    LONGEST_TYPE,
    MOST_CORRECTIONS,
    Correction,
    DriftReport,
)
from plexsphere.fleet.domain.errors import NodeNotFound
from tests.support.fleet import (
    DOMAIN,
    NOBODY,
    PROJECT,
    FleetKit,
    FleetStore,
    HeardManifests,
    a_node,
    memory_fleet,
)
from tests.support.identity import EPOCH, CountingIds, FakeClock

ONE = a_node(1)
FIXED = Correction("peer_added", "peer 7 was missing")


@pytest.fixture
async def kit() -> FleetKit:
    kit = memory_fleet(FleetStore(FakeClock()))
    await kit.nodes.add(ONE, 1)
    return kit


async def test_a_report_is_kept_under_the_time_it_arrived(kit: FleetKit) -> None:
    ids = CountingIds()
    await ReportDrift(kit.drift, FakeClock(), ids)(DOMAIN, ONE.id, [FIXED])

    [report] = await GetNodeDrift(kit.drift)(DOMAIN, ONE.id)
    assert report == DriftReport(CountingIds()(), EPOCH, (FIXED,))


async def test_a_report_of_nothing_is_not_kept(kit: FleetKit) -> None:
    await ReportDrift(kit.drift, FakeClock(), CountingIds())(DOMAIN, ONE.id, [])

    assert list(await GetNodeDrift(kit.drift)(DOMAIN, ONE.id)) == []


async def test_a_node_that_says_too_much_is_cut_short(kit: FleetKit) -> None:
    said = [Correction("t" * 1_000, "d" * 100_000)] * 500
    await ReportDrift(kit.drift, FakeClock(), CountingIds())(DOMAIN, ONE.id, said)

    [report] = await GetNodeDrift(kit.drift)(DOMAIN, ONE.id)
    assert len(report.corrections) == MOST_CORRECTIONS
    assert (len(report.corrections[0].type), len(report.corrections[0].detail)) == (
        LONGEST_TYPE,
        LONGEST_DETAIL,
    )


async def test_only_a_known_node_announces_capabilities(kit: FleetKit) -> None:
    manifests = HeardManifests()
    update = UpdateCapabilities(kit.unit_of_work, kit.capabilities, manifests, FakeClock())
    await update(DOMAIN, ONE.id, b'{"hooks":[]}')

    assert await kit.stored_manifest(ONE.id) == {"hooks": []}
    assert manifests.taken == [(DOMAIN, PROJECT, ONE.id, b'{"hooks":[]}')]
    with pytest.raises(NodeNotFound):
        await update(DOMAIN, NOBODY, b"{}")
