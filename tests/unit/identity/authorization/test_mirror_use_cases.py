"""Mirroring and reconciling, with fakes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plexsphere.identity.application.await_mirror import AwaitMirror
from plexsphere.identity.application.mirror_tuples import BATCH, MirrorTuples
from plexsphere.identity.application.prepare_mirror import PrepareMirror
from plexsphere.identity.application.reconcile_authorizer import Differences, ReconcileAuthorizer
from plexsphere.identity.domain.authorization_errors import AuthzUnavailable
from plexsphere.identity.domain.relation_tuple import Triple
from plexsphere.identity.domain.tuple_change import Operation, TupleChange, settled
from tests.support.authorization import (
    MemoryAuthzOutbox,
    MemoryMirror,
    MemoryRelationTuples,
    MemoryUnitOfWork,
    project,
    shipped_schema,
    user,
)

GRANT = Triple(user(1), "member", project(1))
OTHER = Triple(user(2), "member", project(1))
TRIPLES = [Triple(user(number), "member", project(1)) for number in range(1, 6)]


@pytest.fixture
def outbox() -> MemoryAuthzOutbox:
    return MemoryAuthzOutbox()


@pytest.fixture
def mirror() -> MemoryMirror:
    return MemoryMirror()


@pytest.fixture
def mirror_tuples(outbox: MemoryAuthzOutbox, mirror: MemoryMirror) -> MirrorTuples:
    return MirrorTuples(outbox, mirror, MemoryUnitOfWork())


@pytest.fixture
def await_mirror(outbox: MemoryAuthzOutbox, mirror_tuples: MirrorTuples) -> AwaitMirror:
    return AwaitMirror(outbox, mirror_tuples)


def reconciling(
    tuples: MemoryRelationTuples, outbox: MemoryAuthzOutbox, mirror: MemoryMirror
) -> ReconcileAuthorizer:
    return ReconcileAuthorizer(tuples, outbox, mirror, shipped_schema(), MemoryUnitOfWork())


async def test_changes_are_mirrored_oldest_first_a_batch_at_a_time(
    outbox: MemoryAuthzOutbox, mirror: MemoryMirror, mirror_tuples: MirrorTuples
) -> None:
    for number in range(1, BATCH + 2):
        outbox.append(Operation.TOUCH, Triple(user(number), "member", project(1)))

    assert await mirror_tuples() == BATCH
    assert len(mirror.held) == BATCH
    assert await mirror_tuples() == 1
    assert await mirror_tuples() == 0


async def test_who_has_not_the_turn_mirrors_nothing(
    outbox: MemoryAuthzOutbox, mirror: MemoryMirror, mirror_tuples: MirrorTuples
) -> None:
    outbox.append(Operation.TOUCH, GRANT)
    outbox.is_taken = True

    assert await mirror_tuples() == 0
    assert mirror.held == set()


async def test_with_nothing_waiting_the_engine_is_left_alone(
    mirror: MemoryMirror, mirror_tuples: MirrorTuples
) -> None:
    mirror.is_away = True

    assert await mirror_tuples() == 0


async def test_what_could_not_be_mirrored_keeps_waiting(
    outbox: MemoryAuthzOutbox, mirror: MemoryMirror, mirror_tuples: MirrorTuples
) -> None:
    """C10."""
    outbox.append(Operation.TOUCH, GRANT)
    mirror.is_away = True

    with pytest.raises(AuthzUnavailable):
        await mirror_tuples()

    assert len(outbox.rows) == 1


changes = st.lists(st.builds(TupleChange, st.sampled_from(Operation), st.sampled_from(TRIPLES)), max_size=20)


@given(changes)
def test_settled_changes_leave_what_all_of_them_leave(history: list[TupleChange]) -> None:
    assert replayed(settled(history)) == replayed(history)
    assert len(settled(history)) == len({change.triple for change in history})


def replayed(history: list[TupleChange]) -> set[Triple]:
    held = set(TRIPLES[:2])
    for change in history:
        held = held | {change.triple} if change.operation is Operation.TOUCH else held - {change.triple}
    return held


async def test_waiting_for_the_mirror_helps_it(
    outbox: MemoryAuthzOutbox, mirror: MemoryMirror, await_mirror: AwaitMirror
) -> None:
    outbox.append(Operation.TOUCH, GRANT)

    await await_mirror()

    assert mirror.held == {GRANT}


async def test_nobody_waits_for_a_mirror_that_has_everything(
    mirror: MemoryMirror, await_mirror: AwaitMirror
) -> None:
    mirror.is_away = True

    await await_mirror()


async def test_a_mirror_out_of_step_is_not_waited_for(
    outbox: MemoryAuthzOutbox, await_mirror: AwaitMirror
) -> None:
    outbox.in_step = False

    with pytest.raises(AuthzUnavailable):
        await await_mirror()


@settings(max_examples=50)
@given(st.sets(st.sampled_from(TRIPLES)), st.sets(st.sampled_from(TRIPLES)))
async def test_a_repair_makes_any_mirror_equal_and_reports_what_it_did(
    held: set[Triple], mirrored: set[Triple]
) -> None:
    outbox, mirror = MemoryAuthzOutbox(in_step=False), MemoryMirror()
    mirror.held = set(mirrored)
    reconcile = reconciling(MemoryRelationTuples(shipped_schema(), held), outbox, mirror)

    before = await reconcile(repair=False)
    assert (mirror.held, outbox.in_step) == (mirrored, False)
    repaired = await reconcile(repair=True)

    assert (before.missing, before.stale) == (len(held - mirrored), len(mirrored - held))
    assert repaired == before
    assert (mirror.held, outbox.in_step) == (held, True)
    assert await reconcile(repair=False) == Differences()


async def test_a_start_compares_only_a_mirror_that_may_differ(
    outbox: MemoryAuthzOutbox, mirror: MemoryMirror
) -> None:
    tuples = MemoryRelationTuples(shipped_schema(), [GRANT])
    prepare = PrepareMirror(outbox, mirror, reconciling(tuples, outbox, mirror))

    assert await prepare() == Differences(1, 0, (TupleChange(Operation.TOUCH, GRANT),))
    assert mirror.is_prepared
    assert await prepare() is None

    outbox.in_step = False
    assert await prepare() == Differences()
    assert outbox.in_step
