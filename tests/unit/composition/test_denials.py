from uuid import UUID

import pytest

from plexsphere.composition.bridges.denials import MOST_PER_WINDOW, RecordedDenials
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.subjects import Reference, domain_object
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable
from tests.support.api import ALICE, DOMAIN, OTHER_DOMAIN, ROBOT
from tests.support.identity import FakeClock, MemoryStore, MemoryUnitOfWork
from tests.support.operator_api import CommittedTrail


async def chain_of(resource: Reference, /) -> DomainId | None:
    return DomainId(UUID(resource.id)) if resource == domain_object(OTHER_DOMAIN) else None


class Flood:
    """Denials over a store in memory, and what they wrote."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(self.clock)
        self.trail = CommittedTrail(self.store)
        self.denials = RecordedDenials(MemoryUnitOfWork(self.store), self.trail, self.clock, chain_of)

    async def deny(self, times: int = 1, relation: str = "domain.read") -> None:
        for _ in range(times):
            await self.denials.denied(ROBOT, relation, "read", domain_object(OTHER_DOMAIN))

    def folded(self) -> dict[str, int | str]:
        return {
            entry.relation: entry.caveat_context["folded"]
            for entry in self.trail.entries
            if "folded" in entry.caveat_context
        }


async def test_a_denial_is_committed_when_it_returns_and_says_what_was_missing() -> None:
    flood = Flood()

    await flood.deny()

    [entry] = flood.trail.entries
    assert entry.chain == OTHER_DOMAIN
    assert entry.subject == str(ROBOT.subject)
    assert entry.outcome == "permission_denied"
    assert entry.caveat_context == {"missing_relation": "domain#read"}


async def test_ten_denials_in_a_second_have_a_row_each_and_a_flood_has_a_counted_one() -> None:
    """M28: an unbounded trail is itself an attack."""
    flood = Flood()
    await flood.deny(5_000)
    await flood.deny(3, "domain.change")

    flood.clock.advance(1)
    await flood.denials.flush()

    assert len(flood.trail.entries) == MOST_PER_WINDOW + 2
    assert flood.folded() == {"domain.read": 4_990, "domain.change": 3}
    assert {entry.chain for entry in flood.trail.entries[MOST_PER_WINDOW:]} == {DOMAIN}


async def test_nothing_is_counted_before_the_second_is_over() -> None:
    flood = Flood()
    await flood.deny(20)

    await flood.denials.flush()

    assert flood.folded() == {}


async def test_after_the_second_a_caller_has_rows_of_his_own_again() -> None:
    flood = Flood()
    await flood.deny(20)
    flood.clock.advance(1)
    await flood.denials.flush()

    await flood.deny(2)

    assert flood.trail.relations() == ["domain.read"] * 13


async def test_one_callers_flood_costs_another_no_row() -> None:
    flood = Flood()
    await flood.deny(50)

    await flood.denials.denied(ALICE, "domain.read", "read", domain_object(DOMAIN))

    assert flood.trail.entries[-1].subject == str(ALICE.subject)


async def test_what_could_not_be_written_is_counted_on() -> None:
    flood = Flood()
    await flood.deny(15)
    flood.clock.advance(1)
    flood.store.is_away = True
    with pytest.raises(StoreUnavailable):
        await flood.denials.flush()
    await flood.deny(2)
    flood.store.is_away = False

    await flood.denials.flush()

    assert flood.folded() == {"domain.read": 7}


async def test_a_denial_that_cannot_be_written_is_not_passed_over() -> None:
    """H48: denials are audit-first."""
    flood = Flood()
    flood.store.is_away = True

    with pytest.raises(StoreUnavailable):
        await flood.deny()
