"""What an execution says of itself follows from its targets."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.policy.domain.actions.action_name import ActionName
from plexsphere.policy.domain.actions.deadlines import timeout_of
from plexsphere.policy.domain.actions.definition import ActionType
from plexsphere.policy.domain.actions.errors import InvalidWavePlan
from plexsphere.policy.domain.actions.execution import aggregated
from plexsphere.policy.domain.actions.status import OPEN, TERMINAL, TargetStatus
from plexsphere.policy.domain.actions.wave_plan import WavePlan

STATUSES: Final = st.lists(st.sampled_from(list(TargetStatus)), min_size=1, max_size=8)
BAD: Final = {TargetStatus.FAILED, TargetStatus.TIMEOUT, TargetStatus.CANCELLED}


@given(STATUSES)
def test_an_execution_has_ended_when_all_its_targets_have(targets: list[TargetStatus]) -> None:
    assert (aggregated(targets) in TERMINAL) is all(each in TERMINAL for each in targets)


@given(STATUSES, st.randoms())
def test_the_order_of_targets_says_nothing(targets: list[TargetStatus], random: object) -> None:
    assert aggregated(targets) is aggregated(sorted(targets)) is aggregated(targets * 2)


@given(st.lists(st.sampled_from(sorted(TERMINAL)), min_size=1))
def test_an_execution_ends_as_the_worst_of_its_targets(targets: list[TargetStatus]) -> None:
    found, order = set(targets), [TargetStatus.FAILED, TargetStatus.TIMEOUT, TargetStatus.CANCELLED]

    assert aggregated(targets) is next((each for each in order if each in found), TargetStatus.SUCCEEDED)
    assert (aggregated(targets) is TargetStatus.SUCCEEDED) == (not found & BAD)


@given(STATUSES.filter(lambda targets: bool(set(targets) & OPEN)))
def test_an_execution_that_goes_on_tells_how_far_it_is(targets: list[TargetStatus]) -> None:
    if set(targets) & (TERMINAL | {TargetStatus.STARTED}):
        expected = TargetStatus.STARTED
    else:
        expected = TargetStatus.ACK if TargetStatus.ACK in targets else TargetStatus.PENDING

    assert aggregated(targets) is expected


@given(st.integers(0, 50), st.integers(1, 100), st.integers(1, 10_000))
def test_waves_come_to_an_end_and_canaries_come_first(canary: int, percent: int, size: int) -> None:
    plan, released, sizes = WavePlan(canary, percent), 0, list[int]()
    while released < size:
        sizes.append(min(plan.next_size(size, released), size - released))
        released += sizes[-1]

    assert all(each >= 1 for each in sizes)
    assert sizes[0] == min(canary, size) or canary == 0
    assert all(100 * (each - 1) < percent * size for each in sizes[1 if canary else 0 :])


@pytest.mark.parametrize("faulty", [(-1, 50, 0), (0, 0, 0), (0, 101, 0), (0, 50, -1)])
def test_a_plan_that_cannot_be_followed_cannot_be_made(faulty: tuple[int, int, int]) -> None:
    with pytest.raises(InvalidWavePlan):
        WavePlan(*faulty)


def test_hooks_are_named_with_or_without_their_prefix() -> None:
    names = [("hooks/backup", ""), ("hooks/backup", "hook"), ("backup", "hook")]

    assert {ActionName.of(*each) for each in names} == {ActionName(ActionType.HOOK, "backup")}
    assert str(ActionName.of("backup", "hook")) == "hooks/backup"
    assert ActionName.of("backup", "") == ActionName(ActionType.BUILTIN, "backup")
    assert ActionName.of("service.upgrade", "").is_upgrade
    assert not ActionName.of("service.upgrade", "hook").is_upgrade


@pytest.mark.parametrize(
    ("asked", "announced", "seconds"),
    [(0, None, 30), (0, 0, 30), (0, 300, 300), (5, 300, 5), (86_400, None, 86_400), (0, 10**9, 86_400)],
)
def test_an_action_runs_as_long_as_asked_else_as_announced(
    asked: int, announced: int | None, seconds: int
) -> None:
    assert timeout_of(asked, announced) == seconds
