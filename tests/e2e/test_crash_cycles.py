"""Two servers, killed again and again under load: nothing acknowledged is lost, nothing is done by halves."""

import pytest

from tests.crash.fault import Trouble, cycles_of
from tests.crash.rig import AT_ONCE, crash

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

CYCLES = 30
SEED = 29


@pytest.mark.timeout(600)
async def test_thirty_kills_under_sixty_four_operations_break_nothing() -> None:
    """C29, C02, C24, H19, H28, M27: the SQL invariant pack is clean, acknowledged writes are there, others whole."""
    outcome = await crash(SEED, CYCLES, print)

    assert outcome.broken == []
    assert outcome.cycles == CYCLES
    assert outcome.in_flight >= AT_ONCE // 2
    assert outcome.acknowledged > CYCLES
    assert outcome.unanswered > CYCLES
    assert outcome.frames > CYCLES
    assert outcome.at_failpoints > 0
    assert set(outcome.statuses) <= {200, 201, 204, 401, 429, 503}


def test_the_same_seed_plans_the_same_cycles_and_every_trouble_is_among_thirty() -> None:
    cycles = cycles_of(SEED, CYCLES)

    assert cycles == cycles_of(SEED, CYCLES)
    assert {cycle.trouble for cycle in cycles} == set(Trouble)
    assert sum(bool(cycle.failpoint) for cycle in cycles) == CYCLES // 3
    assert {cycle.victims for cycle in cycles} == {(0,), (1,), (0, 1)}
