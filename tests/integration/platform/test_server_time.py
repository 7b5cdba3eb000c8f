"""The database's time, carried on (D2)."""

from datetime import UTC, datetime, timedelta

import pytest

from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.server_time import ServerTime
from tests.support.identity import EPOCH, FakeClock
from tests.support.identity_postgres import lent_database

pytestmark = pytest.mark.postgres


async def test_time_is_the_databases_and_passes_by_the_monotonic_clock(database: Secret[str]) -> None:
    """H24: the machine's wall clock is far off, and decides nothing."""
    clock = FakeClock()
    async with lent_database(database) as lent:
        time = ServerTime(lent, clock)
        assert time.now() == EPOCH
        await time.anchor()

    first = time.now()
    clock.advance(5)

    assert abs(datetime.now(UTC) - first) < timedelta(minutes=1)
    assert (time.now() - first, time.monotonic()) == (timedelta(seconds=5), clock.monotonic())


async def test_time_never_goes_back(database: Secret[str]) -> None:
    """H24: neither when the database is asked again, nor when the machine is wrong about what has passed."""
    clock = FakeClock()
    async with lent_database(database) as lent:
        time = ServerTime(lent, clock)
        await time.anchor()
        clock.advance(3600)
        ahead = time.now()
        await time.anchor()

    assert time.now() == ahead
