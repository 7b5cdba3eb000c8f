"""A node whose place in the log is unknown is asked to pull its state, by whichever process it speaks to next."""

import asyncio

import pytest

from plexsphere.fleet.application.lost_places import MOST_NOTES, WITHIN_SECONDS, LostPlaces
from plexsphere.fleet.application.reconcile_book import ReconcileBook
from plexsphere.fleet.domain.errors import PlaceLostTooOften
from plexsphere.platform.kernel.events import Announcement, SubjectKind
from tests.support.event_rows import node_id
from tests.support.fleet import DOMAIN, FleetStore, MemoryAnnouncements, memory_fleet
from tests.support.identity import FakeClock


async def test_a_crowd_that_lost_its_place_is_asked_with_few_rows() -> None:
    clock = FakeClock()
    store, reconciles = FleetStore(clock), ReconcileBook(clock)
    lost = LostPlaces(memory_fleet(store).unit_of_work, reconciles, MemoryAnnouncements(store), clock)
    crowd = [node_id(number) for number in range(1, 41)]

    await asyncio.gather(*(lost.note(DOMAIN, each) for each in crowd))

    assert all(reconciles.take(each) for each in crowd)
    rows = store.state.announced
    assert len(rows) <= 2
    assert sorted(each for row in rows for each in row.reconcile) == crowd
    assert all(
        row == Announcement(DOMAIN, SubjectKind.NODE, row.reconcile[0], reconcile=row.reconcile)
        for row in rows
    )


def test_a_node_that_loses_its_place_again_and_again_is_refused_for_a_while() -> None:
    clock = FakeClock()
    store = FleetStore(clock)
    announcements = MemoryAnnouncements(store)
    lost = LostPlaces(memory_fleet(store).unit_of_work, ReconcileBook(clock), announcements, clock)
    for _ in range(MOST_NOTES):
        clock.advance(1)
        lost.allow(node_id(1))

    with pytest.raises(PlaceLostTooOften):
        lost.allow(node_id(1))
    lost.allow(node_id(2))

    clock.advance(WITHIN_SECONDS)
    lost.allow(node_id(1))
