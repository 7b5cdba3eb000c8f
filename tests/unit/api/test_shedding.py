"""What is refused first, and that it is let in again."""

import asyncio
from uuid import UUID

import pytest

from plexsphere.api import catalogue
from plexsphere.api import shedding as shedding_module
from plexsphere.api.callers import Caller
from plexsphere.api.gate import Gate
from plexsphere.api.limits import Limits
from plexsphere.api.problem import Refusal
from plexsphere.api.shedding import (
    LATENESS,
    LOOKS,
    MOST_IN_HAND,
    MOST_LOOKUPS,
    Shedding,
    Unhurried,
    Work,
)
from plexsphere.platform.allowances import Allowances
from plexsphere.platform.clock import SystemClock
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.telemetry.traffic import Traffic
from tests.support.api import ALICE, OPERATORS, FakeDenials, FakeOperators, FakePermissions, roomy_limits

TRIED = 100


class KnownOperators(FakeOperators):
    """Has met its operators before."""

    def cached(self, bearer: Secret[str], /) -> Caller | None:
        return OPERATORS.get(bearer.reveal())


def gate_of(limits: Limits) -> Gate:
    return Gate(KnownOperators(), FakePermissions(), FakeDenials(), limits)


def is_let_in(shedding: Shedding, work: Work) -> bool:
    try:
        shedding.require_room(work)
    except Refusal as refusal:
        return refusal.problem is not catalogue.OVERLOADED or int(refusal.headers["Retry-After"]) < 1
    return True


def let_in(shedding: Shedding, work: Work) -> int:
    """Return how many of a hundred pieces of work are let in."""
    return sum(is_let_in(shedding, work) for _ in range(TRIED))


def late_by(seconds: float, looks: int) -> Shedding:
    shedding = Shedding(Traffic())
    for _ in range(looks):
        shedding.observe(seconds)
    return shedding


def shares(shedding: Shedding) -> list[int]:
    return [let_in(shedding, work) for work in Work]


@pytest.mark.parametrize(
    ("late", "refused"),
    [(0.01, []), (0.15, [Work.OPERATOR]), (0.3, [Work.OPERATOR, Work.STATE]), (0.6, list(Work))],
)
def test_operators_are_refused_before_states_and_states_before_new_streams(
    late: float, refused: list[Work]
) -> None:
    """H15."""
    shedding = late_by(late, 40)

    assert [work for work in Work if let_in(shedding, work) < TRIED] == refused


def test_something_of_everything_is_let_in_however_late_the_loop_is() -> None:
    assert all(0 < share < 10 for share in shares(late_by(10, 200)))


def test_a_hiccup_refuses_nothing() -> None:
    shedding = late_by(0, 20)
    for _ in range(LOOKS - 1):
        shedding.observe(5)

    assert shares(shedding) == [TRIED] * 3


def test_what_was_refused_is_let_in_again_once_the_queue_is_gone() -> None:
    """H15: within about a second of looks."""
    shedding = late_by(10, 200)
    for _ in range(20):
        shedding.observe(0)

    assert shares(shedding) == [TRIED] * 3


def test_a_part_is_refused_and_not_all_or_nothing() -> None:
    shedding = late_by(LATENESS[Work.OPERATOR] + 0.01, LOOKS + 1)

    assert 30 < let_in(shedding, Work.OPERATOR) < 70


def test_while_many_credentials_are_looked_up_states_leave_the_lookups_to_heartbeats() -> None:
    """H15: else a late process would be later and later."""
    traffic = Traffic(lookups_in_hand=MOST_LOOKUPS)
    shedding = Shedding(traffic)

    with pytest.raises(Refusal):
        shedding.require_lookup()
    traffic.lookups_in_hand -= 1
    shedding.require_lookup()
    assert traffic.shed_state == 1


async def test_no_more_wait_than_there_is_room_for_and_who_is_done_leaves_room() -> None:
    """H17: requests in hand are bounded."""
    traffic = Traffic()
    shedding, done = Shedding(traffic), asyncio.Event()

    async def answering() -> None:
        await done.wait()

    held = [
        asyncio.create_task(shedding.held(Work.OPERATOR, answering))
        for _ in range(MOST_IN_HAND[Work.OPERATOR])
    ]
    await asyncio.sleep(0)
    with pytest.raises(Refusal):
        await shedding.held(Work.OPERATOR, answering)
    assert traffic.shed_operator == 1

    done.set()
    await asyncio.gather(*held)
    await shedding.held(Work.OPERATOR, answering)


async def test_whether_the_process_lives_is_answered_whatever_else_is_refused() -> None:
    """M21: else a busy process would be taken for a dead one."""
    answered: list[str] = []

    async def router(scope: dict[str, str], receive: object, send: object) -> None:
        answered.append(scope["path"])

    unhurried = Unhurried(router, late_by(10, 200), gate_of(roomy_limits()))
    for path in ["/health", "/v1/health"] * 50:
        await unhurried({"type": "http", "path": path, "headers": []}, None, None)
    assert len(answered) == 100

    await unhurried({"type": "http", "path": "/v1/domains", "headers": []}, None, None)
    with pytest.raises(Refusal):
        await unhurried({"type": "http", "path": "/v1/domains", "headers": []}, None, None)


async def test_who_has_no_call_left_is_told_so_before_his_flood_makes_others_be_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """H15: nothing is spent on him, and an overloaded process says 429 to him and not 503."""
    monkeypatch.setattr(shedding_module, "HELD_SECONDS", 0.0)
    answered: list[str] = []

    async def router(scope: dict[str, str], receive: object, send: object) -> None:
        answered.append(scope["path"])

    flooding = gate_of(roomy_limits(operator_calls=Allowances[UUID](SystemClock(), 1)))
    unhurried = Unhurried(router, late_by(10, 200), flooding)
    asked = {"type": "http", "path": "/v1/domains", "headers": [(b"authorization", b"Bearer alice")]}
    flooding.limits.require_operator_call(ALICE.principal_id)

    for _ in range(50):
        with pytest.raises(Refusal) as refused:
            await unhurried(asked, None, None)
        assert refused.value.problem is catalogue.RATE_LIMITED
    assert answered == []


async def test_who_has_no_call_left_hears_so_no_more_than_twice_a_second_on_a_connection() -> None:
    """H15: a flood is as slow as its connections are few."""

    async def router(scope: dict[str, str], receive: object, send: object) -> None:
        raise AssertionError("nothing gets here")

    flooding = gate_of(roomy_limits(operator_calls=Allowances[UUID](SystemClock(), 1)))
    unhurried = Unhurried(router, Shedding(Traffic()), flooding)
    asked = {"type": "http", "path": "/v1/domains", "headers": [(b"authorization", b"Bearer alice")]}
    flooding.limits.require_operator_call(ALICE.principal_id)

    answering = asyncio.create_task(unhurried(asked, None, None))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not answering.done()
    with pytest.raises(Refusal):
        await answering
