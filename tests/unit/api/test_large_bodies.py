"""Large results come a few at a time, and small ones are never held up by them."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import pytest
from msgspec import Raw

from plexsphere.api.v1.execution_callbacks.calls import (
    ACKNOWLEDGEMENT,
    LARGE,
    MOST_GZIP_MAKES,
    MOST_OUTPUT,
    RESULT,
    LargeBodies,
    result_of,
)
from plexsphere.api.v1.execution_callbacks.schemas import ResultRequest, TriggeredBy
from plexsphere.composition.doorway import SharedDoorway
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.unit_of_work import StoreOverloaded

DOMAIN = DomainId(UUID(int=1))
SMALL = {"content-length": str(LARGE)}
TINY = {"content-length": str(LARGE // MOST_GZIP_MAKES), "content-encoding": "gzip"}
EACH_LARGE = [
    {"content-length": str(LARGE + 1)},
    {},
    {"content-length": "many"},
    {"content-length": str(LARGE), "content-encoding": "gzip"},
]


@pytest.mark.parametrize("headers", EACH_LARGE)
async def test_what_may_be_large_waits_while_others_come_and_what_is_small_does_not(
    headers: dict[str, str],
) -> None:
    """It would be in memory as long as its sender likes, and gzip makes a thousand octets of one."""
    bodies, came = LargeBodies(SharedDoorway(2, 2, 8, 5.0)), asyncio.Event()

    async def come() -> None:
        async with bodies.room(DOMAIN, headers):
            came.set()

    async with AsyncExitStack() as coming:
        for _ in range(2):
            await coming.enter_async_context(bodies.room(DOMAIN, headers))
        late = asyncio.create_task(come())
        async with bodies.room(DOMAIN, SMALL), bodies.room(DOMAIN, TINY):
            await asyncio.sleep(0.01)

        assert not came.is_set()
    await late
    assert came.is_set()


async def test_who_waits_too_long_with_a_large_body_is_told_to_come_back() -> None:
    bodies = LargeBodies(SharedDoorway(1, 1, 8, 0.01))

    async with bodies.room(DOMAIN, {}):
        with pytest.raises(StoreOverloaded):
            async with bodies.room(DOMAIN, {}):
                pass


async def test_a_body_that_breaks_off_leaves_its_room_to_others() -> None:
    bodies = LargeBodies(SharedDoorway(1, 1, 8, 5.0))

    with pytest.raises(ConnectionError):
        async with bodies.room(DOMAIN, {}):
            raise ConnectionError

    async with bodies.room(DOMAIN, {}):
        pass


def test_long_texts_of_a_result_are_cut_rather_than_refused_before_anything_waits() -> None:
    long = "x" * 100_000

    result = result_of(
        ResultRequest(
            "success",
            stdout=long,
            stderr=long,
            duration=Raw(b'"%s"' % long.encode()),
            triggered_by=TriggeredBy(email=long),
        )
    )

    assert (len(result.stdout), len(result.stderr)) == (MOST_OUTPUT, MOST_OUTPUT)
    assert len(result.duration) == len(result.triggered_by.email) == 1024


FINISHED_AT: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "finished_at"),
    [
        (b'"2026-01-02T03:04:05Z"', FINISHED_AT),
        (b'"2026-01-02T05:04:05+02:00"', FINISHED_AT),
        (b'""', None),
        (b'"yesterday"', None),
        (b'"2016-12-31T23:59:60Z"', None),
        (b'"2026-01-02T03:04:05"', None),
        (b'"0001-01-01T00:00:00Z"', None),
        (b"1767322800", None),
        (b'{"seconds":1}', None),
        (b"null", None),
    ],
)
def test_a_time_that_cannot_be_read_costs_nothing_but_the_time(
    told: bytes, finished_at: datetime | None
) -> None:
    body = RESULT.decode(b'{"status":"success","exit_code":3,"finished_at":%s}' % told)

    result = result_of(body)

    assert (result.status, result.exit_code, result.finished_at) == ("success", 3, finished_at)


@pytest.mark.parametrize("told", [b"1.5", b"1500000000", b"true", b"[1]", b'{"s":1}', b"null"])
def test_a_duration_that_is_no_text_is_as_good_as_none(told: bytes) -> None:
    body = RESULT.decode(b'{"status":"failure","duration":%s}' % told)

    assert (result_of(body).status, result_of(body).duration) == ("failure", "")


@pytest.mark.parametrize(("told", "exit_code"), [(b"1.0", 1), (b"-9.0", -9), (b"2e0", 2), (b"3", 3)])
def test_an_exit_code_is_a_whole_number_with_a_point_or_without(told: bytes, exit_code: int) -> None:
    result = result_of(RESULT.decode(b'{"status":"failure","exit_code":%s}' % told))

    assert result.exit_code == exit_code
    assert isinstance(result.exit_code, int)


def test_a_long_reason_is_taken_for_a_rejection_told_once_is_lost_when_refused() -> None:
    body = ACKNOWLEDGEMENT.decode(b'{"status":"rejected","reason":"%s"}' % (b"x" * 5_000))

    assert body.reason == "x" * 5_000
