from uuid import UUID

import pytest

from plexsphere.composition.bridges.denials import MOST_CHAINS, MOST_PER_WINDOW, RecordedDenials
from plexsphere.platform.kernel.audit import AuditEntry
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, Reference, domain_object
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable
from tests.support.api import ALICE, DOMAIN, OTHER_DOMAIN, ROBOT
from tests.support.identity import FakeClock, MemoryStore, MemoryUnitOfWork
from tests.support.operator_api import CommittedTrail

TARGET = domain_object(OTHER_DOMAIN)
MADE_UP = domain_object(UUID("0190f3a0-0000-7000-8000-00000000dead"))


def numbered(number: int) -> Reference:
    """Return one of many Domains that exist."""
    return domain_object(UUID(int=number))


async def chain_of(resource: Reference, /) -> DomainId | None:
    return None if resource in (MADE_UP, PLATFORM_OBJECT) else DomainId(UUID(resource.id))


class Flood:
    """Denials over a store in memory, and what they wrote."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(self.clock)
        self.trail = CommittedTrail(self.store)
        self.denials = RecordedDenials(MemoryUnitOfWork(self.store), self.trail, self.clock, chain_of)

    async def deny(
        self,
        times: int = 1,
        relation: str = "domain.read",
        resource: Reference = TARGET,
    ) -> None:
        for _ in range(times):
            await self.denials.denied(ROBOT, relation, "read", resource)

    async def settle(self) -> None:
        """Let the second pass and what was counted be written."""
        self.clock.advance(1)
        await self.denials.flush()

    def counted(self) -> list[AuditEntry]:
        return [entry for entry in self.trail.entries if "folded" in entry.caveat_context]

    def folded(self) -> dict[str, int | str]:
        return {entry.relation: entry.caveat_context["folded"] for entry in self.counted()}


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
    assert {entry.chain for entry in flood.trail.entries[MOST_PER_WINDOW:]} == {OTHER_DOMAIN}


async def test_a_flood_hides_no_attempt_on_somebody_else() -> None:
    """M28: who is tried first in a second has a row of his own, before the answer."""
    flood = Flood()
    await flood.deny(5_000)

    await flood.deny(1, resource=domain_object(DOMAIN))

    last = flood.trail.entries[-1]
    assert (last.chain, last.object, last.caveat_context) == (
        DOMAIN,
        domain_object(DOMAIN),
        {"missing_relation": "domain#read"},
    )


async def test_an_attempt_on_the_platform_is_not_hidden_among_objects_that_do_not_exist() -> None:
    flood = Flood()
    await flood.deny(20, resource=MADE_UP)

    await flood.deny(3, resource=PLATFORM_OBJECT)
    await flood.settle()

    first = flood.trail.entries[MOST_PER_WINDOW]
    assert (first.object, first.caveat_context) == (PLATFORM_OBJECT, {"missing_relation": "platform#read"})
    assert [(entry.object, entry.caveat_context["folded"]) for entry in flood.counted()] == [
        (MADE_UP, 10),
        (PLATFORM_OBJECT, 2),
    ]


async def test_what_is_counted_stands_in_the_chain_of_what_was_tried_and_names_it() -> None:
    flood = Flood()
    await flood.deny(10, resource=MADE_UP)

    for _ in range(3):
        await flood.deny(2, resource=numbered(1))
        await flood.deny(2, resource=numbered(2))
    await flood.settle()

    assert [(entry.chain, entry.object, entry.caveat_context["folded"]) for entry in flood.counted()] == [
        (DomainId(UUID(int=1)), numbered(1), 5),
        (DomainId(UUID(int=2)), numbered(2), 5),
    ]


async def test_whoever_tries_many_domains_leaves_a_bounded_number_of_rows() -> None:
    """M28: what the rows do not name is counted all the same."""
    flood = Flood()
    for _ in range(3):
        for number in range(1, 3 * MOST_CHAINS):
            await flood.deny(1, resource=numbered(number))

    await flood.settle()

    rows = len(flood.trail.entries) - len(flood.counted())
    assert (rows, len(flood.counted())) == (MOST_CHAINS, MOST_CHAINS + 1)
    assert rows + sum(int(entry.caveat_context["folded"]) for entry in flood.counted()) == 3 * (
        3 * MOST_CHAINS - 1
    )


async def test_what_cannot_be_written_for_long_is_counted_within_the_same_bound() -> None:
    flood = Flood()
    for start in range(0, 4 * MOST_CHAINS, MOST_CHAINS):
        flood.trail.failure = None
        await flood.deny(MOST_PER_WINDOW, resource=MADE_UP)
        for number in range(start, start + MOST_CHAINS):
            await flood.deny(2, resource=numbered(number + 1))
        flood.trail.failure = StoreUnavailable()
        with pytest.raises(StoreUnavailable):
            await flood.settle()
    flood.trail.failure = None

    await flood.settle()

    assert len(flood.counted()) <= MOST_CHAINS + 1


async def test_a_first_attempt_that_could_not_be_written_is_written_the_next_time() -> None:
    flood = Flood()
    await flood.deny(20)
    flood.trail.failure = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        await flood.deny(1, resource=domain_object(DOMAIN))
    flood.trail.failure = None

    await flood.deny(1, resource=domain_object(DOMAIN))

    assert flood.trail.entries[-1].object == domain_object(DOMAIN)


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
