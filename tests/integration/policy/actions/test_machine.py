"""Whatever nodes, operators, clocks and two processes do to executions, a plain model comes to the same (D32)."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import combinations
from typing import Any, Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from plexsphere.platform.kernel.ids import ExecutionId, NodeId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.adapters.postgres.actions.reports import report_of
from plexsphere.policy.domain.actions.definition import ActionDefinition
from plexsphere.policy.domain.actions.errors import (
    ActionNotDeclared,
    ApprovalRequired,
    EmptyCohort,
    ExecutionNotFound,
    HookDrifted,
    IdempotencyConflict,
)
from plexsphere.policy.domain.actions.execution import Reason
from plexsphere.policy.domain.actions.report import Report, TriggeredBy
from plexsphere.policy.domain.actions.status import TERMINAL, TargetStatus
from plexsphere.policy.domain.actions.wave_plan import WavePlan
from plexsphere.policy.domain.errors import PolicyError
from tests.support.action_model import MISFITS, Model, ended
from tests.support.actions_postgres import INFO, ActionSite, Process, a_draft, a_node_id, lent_action_site
from tests.support.policy import AUTHOR, DOMAIN, PROJECT
from tests.support.stopped_clock import MOVE, stopped_clock

NODES: Final = 3
SECONDS: Final = [5, 10, 60, 290, 300, 400, 86_400]
TIMEOUTS: Final = [2, 10, 60, 500]
REPORTS: Final = [
    Report(TargetStatus.SUCCEEDED, stdout="well"),
    Report(TargetStatus.FAILED, exit_code=1),
    Report(TargetStatus.TIMEOUT),
    Report(TargetStatus.CANCELLED, triggered_by=TriggeredBy("session", "s")),
]
EMPTY: Final = """
TRUNCATE executions, execution_targets, execution_rollouts, execution_keys, local_executions, event_inbox, audit_inbox
"""
TARGETS: Final = """
SELECT execution_id, node_id, status, reason, released_at IS NOT NULL, report, note FROM execution_targets
"""
STATUSES: Final = "SELECT id, status FROM executions"
LOCAL: Final = "SELECT node_id, id, report, note FROM local_executions"
TOLD: Final = """
SELECT subject, unnest(recipients) FROM event_inbox WHERE kind = 'execution' AND frames @> '[["action_request"]]'
"""
ENDINGS: Final = """
SELECT caveat_context ->> 'execution', subject FROM audit_inbox
WHERE relation IN ('execution.result', 'execution.reject')
"""
DISPATCHES: Final = (
    "SELECT caveat_context ->> 'execution' FROM audit_inbox WHERE relation = 'execution.dispatch'"
)

# How dispatches are refused, in this order.
REFUSALS: Final[dict[Reason, type[PolicyError]]] = {
    Reason.NOT_ANNOUNCED: ActionNotDeclared,
    Reason.DRIFTED: HookDrifted,
    Reason.NOT_APPROVED: ApprovalRequired,
}
ANNOUNCED: Final[dict[Reason | None, ActionDefinition]] = {
    Reason.NOT_APPROVED: replace(INFO, privileged=True),
    Reason.CHANGED: replace(INFO, checksum="sha256:other"),
}

Part = Callable[[Model], Any]


@dataclass(frozen=True)
class Deed:
    """Something done by one process, and the steps by which the model does it; the last one has its answer."""

    does: Callable[[Process], Awaitable[Any]]
    parts: tuple[Part, ...]


async def answer(work: Awaitable[Any]) -> Any:
    """Return what a deed answers, or the kind of its refusal."""
    try:
        return await work
    except PolicyError as refusal:
        return type(refusal)


def refused(model: Model, nodes: Collection[NodeId]) -> Any:
    """Return why a dispatch to these nodes is refused for what they announce, or None."""
    misfits = {model.misfits.get(each) for each in nodes}
    return next((refusal for misfit, refusal in REFUSALS.items() if misfit in misfits), None)


def merged(one: tuple[Part, ...], other: tuple[Part, ...]) -> Iterator[list[tuple[int, Part]]]:
    """Yield every order of the parts of two deeds."""
    total = len(one) + len(other)
    for places in combinations(range(total), len(one)):
        left, right = iter(one), iter(other)
        yield [(0, next(left)) if place in places else (1, next(right)) for place in range(total)]


class Executions(RuleBasedStateMachine):
    """Three nodes and two processes over one database."""

    def __init__(self, site: ActionSite, runner: asyncio.Runner) -> None:
        super().__init__()
        self.site, self.runner, self.model = site, runner, Model()
        self.ended: dict[tuple[ExecutionId, NodeId], TargetStatus] = {}
        self.is_settled = True

    @initialize()
    def begin(self) -> None:
        self.site.fleet.silent = set()
        self.site.fleet.nodes = [a_node_id(number) for number in range(1, NODES + 1)]
        self.site.fleet.announce(INFO)
        self.runner.run(self.site.run(EMPTY))

    @rule(data=st.data())
    def one_thing_happens(self, data: st.DataObject) -> None:
        deed, process = data.draw(self.deeds()), data.draw(st.sampled_from([self.site.one, self.site.other]))
        answered = self.runner.run(answer(deed.does(process)))
        expected = [part(self.model) for part in deed.parts][-1]

        assert answered == expected
        self.is_settled |= len(deed.parts) > 1

    @rule(data=st.data())
    @precondition(lambda self: self.model.executions)
    def two_things_happen_at_once(self, data: st.DataObject) -> None:
        one, other = data.draw(self.deeds()), data.draw(self.deeds())
        answered = self.runner.run(self._at_once(one, other))
        stored, endings = self.runner.run(self._stored()), self.runner.run(self._endings())
        candidates = [self._after(order) for order in merged(one.parts, other.parts)]
        self.is_settled = False

        # Of a result past its deadline and a sweep at once only the trail tells which of the two ended the target.
        fitting = [
            model
            for model, answers in candidates
            if answers == answered and expected(model) == stored and expected_endings(model) == endings
        ]
        assert fitting, (answered, stored, [(answers, expected(model)) for model, answers in candidates])
        self.model = fitting[0]

    @rule(key=st.sampled_from(["a", "b"]), body=st.sampled_from([b"1", b"2"]))
    def one_request_comes_twice_at_once(self, key: str, body: bytes) -> None:
        """C27."""
        if not self._live():
            return
        draft = a_draft(idempotency_key=key, body_digest=body)
        one, other = self.runner.run(
            asyncio_gather(self.site.one.dispatch(draft), self.site.other.dispatch(draft))
        )
        known = self.model.keys.get(key)
        if known is None:
            refusal = refused(self.model, self._live())
            if refusal is not None:
                assert one == other == refusal
                return
            self._dispatched(self.model, key, body, one, 30, None, self._live())
            known = self.model.keys[key]

        expected_answer = known[1] if known[0] == body else IdempotencyConflict
        assert one == other == expected_answer

    @rule(data=st.data())
    def the_world_goes_on(self, data: st.DataObject) -> None:
        """One rule for all of it, that executions are what most steps are about."""
        numbers = st.integers(1, NODES)
        misfits = st.none() | st.sampled_from(MISFITS)
        turns = [
            st.sampled_from(SECONDS).map(lambda seconds: partial(self._time_passes, seconds)),
            numbers.map(lambda number: partial(self._a_node_falls_silent_or_returns, number)),
            st.builds(partial, st.just(self._a_node_announces_something_else), numbers, misfits),
        ]
        if len(self.site.fleet.nodes) == NODES:
            turns.append(numbers.map(lambda number: partial(self._a_node_leaves, number)))
        data.draw(st.one_of(turns))()

    @invariant()
    def the_store_and_the_model_agree(self) -> None:
        """M29, C28: one terminal state for each target, and no result is lost."""
        assert self.runner.run(self._stored()) == expected(self.model)

    @invariant()
    def what_ended_stays_as_it_ended(self) -> None:
        """M29."""
        now = ended(self.model)
        assert self.ended.items() <= now.items()
        self.ended = now

    @invariant()
    def only_what_is_wanted_is_offered_and_each_node_is_told_once(self) -> None:
        offers = self.runner.run(self.site.one.offers.all_of(DOMAIN))
        told = Counter(map(tuple, self.runner.run(self.site.run(TOLD))))

        assert {(offer.node_id, offer.execution_id) for offer in offers} == self.model.offered()
        assert told == Counter(
            (execution_id, node_id)
            for execution_id, execution in self.model.executions.items()
            for node_id, target in execution.targets.items()
            if target.is_released
        )

    @invariant()
    def each_ending_by_a_node_has_one_entry(self) -> None:
        """C28."""
        endings = self.runner.run(self._endings())
        dispatched = [each for (each,) in self.runner.run(self.site.run(DISPATCHES))]

        assert endings == expected_endings(self.model)
        assert sorted(dispatched) == sorted(map(str, self.model.executions))

    @invariant()
    def statuses_say_what_the_targets_say(self) -> None:
        if self.is_settled:
            stored = dict(self.runner.run(self.site.run(STATUSES)))
            assert stored == {each: execution.status for each, execution in self.model.executions.items()}

    def deeds(self) -> st.SearchStrategy[Deed]:
        """Return what may be done now."""
        always = [st.just(self._sweep()), self._dispatches(), self._local_results()]
        if not self.model.executions:
            return st.one_of(always)
        # What happened to one thing before is what makes the next thing interesting.
        newest = st.sampled_from(sorted(self.model.executions)[-2:])
        targets = st.tuples(newest, st.integers(1, NODES).map(a_node_id))
        accepted = st.sampled_from([True, True, True, False])
        return st.one_of(
            *always,
            st.builds(self._acknowledge, targets, accepted),
            st.builds(self._result, targets, st.sampled_from(REPORTS)),
            st.builds(self._result, targets, st.sampled_from(REPORTS)),
            st.builds(self._cancel, newest),
        )

    def _sweep(self) -> Deed:
        return Deed(
            lambda process: process.sweep.sweep(),
            (Model.expire, Model.advance, Model.forget_keys),
        )

    def _dispatches(self) -> st.SearchStrategy[Deed]:
        plans = st.none() | st.builds(
            WavePlan, st.integers(0, 2), st.sampled_from([20, 50, 100]), st.integers(0, 2)
        )
        nodes = st.none() | st.integers(1, NODES).map(a_node_id)
        return st.builds(self._dispatch, st.sampled_from(TIMEOUTS), plans, nodes)

    def _dispatch(self, timeout: int, waves: WavePlan | None, node_id: NodeId | None) -> Deed:
        live, minted = self._live(), list[ExecutionId]()
        where = {} if node_id is None else {"node_id": node_id}

        async def does(process: Process) -> Any:
            draft = a_draft(timeout_seconds=timeout, waves=waves, **where)
            minted.append((await process.dispatch(draft)).execution.id)

        def part(model: Model) -> Any:
            nodes = live if node_id is None else live & {node_id}
            if not nodes:
                return EmptyCohort
            refusal = refused(model, nodes)
            if refusal is None:
                model.dispatch(minted[0], nodes, timeout, waves)
            return refusal

        return Deed(does, (part,))

    def _acknowledge(self, target: tuple[ExecutionId, NodeId], accepted: bool) -> Deed:
        execution_id, node_id = target

        def part(model: Model) -> Any:
            if node_id not in model.executions[execution_id].targets:
                return ExecutionNotFound
            return model.acknowledge(execution_id, node_id, accepted, "busy")

        return Deed(
            lambda process: process.acknowledge(DOMAIN, node_id, str(execution_id), accepted, "busy"), (part,)
        )

    def _result(self, target: tuple[ExecutionId, NodeId], report: Report) -> Deed:
        execution_id, node_id = target

        def part(model: Model) -> Any:
            if node_id in model.executions[execution_id].targets:
                model.finish(execution_id, node_id, report)
            elif report.triggered_by.is_local:
                model.run_locally(node_id, str(execution_id), report)
            else:
                return ExecutionNotFound
            return None

        return Deed(lambda process: process.report(DOMAIN, node_id, str(execution_id), report), (part,))

    def _local_results(self) -> st.SearchStrategy[Deed]:
        reports = st.builds(
            Report, st.sampled_from(sorted(TERMINAL)), triggered_by=st.just(TriggeredBy("local_emergency"))
        )
        return st.builds(self._local_result, st.integers(1, 2).map(a_node_id), reports)

    def _local_result(self, node_id: NodeId, report: Report) -> Deed:
        return Deed(
            lambda process: process.report(DOMAIN, node_id, "exec_local", report),
            (lambda model: model.run_locally(node_id, "exec_local", report),),
        )

    def _cancel(self, execution_id: ExecutionId) -> Deed:
        async def does(process: Process) -> None:
            await process.cancel(PROJECT, execution_id, AUTHOR, None)

        return Deed(does, (lambda model: model.cancel(execution_id),))

    def _dispatched(
        self,
        model: Model,
        key: str,
        body: bytes,
        execution_id: ExecutionId,
        timeout: int,
        waves: WavePlan | None,
        nodes: set[NodeId],
    ) -> None:
        model.keys[key] = body, execution_id, model.now
        model.dispatch(execution_id, nodes, timeout, waves)

    def _time_passes(self, seconds: int) -> None:
        self.runner.run(self.site.run(MOVE, {"by": timedelta(seconds=seconds)}))
        self.model.now += seconds

    def _a_node_falls_silent_or_returns(self, number: int) -> None:
        self.site.fleet.silent ^= {a_node_id(number)}
        self.model.silent = set(self.site.fleet.silent) | self._left()

    def _a_node_announces_something_else(self, number: int, misfit: Reason | None) -> None:
        node_id = a_node_id(number)
        self.site.fleet.announce(ANNOUNCED.get(misfit, INFO), node_id, is_drifted=misfit is Reason.DRIFTED)
        if misfit is Reason.NOT_ANNOUNCED:
            self.site.fleet.definitions.pop(node_id)
        self.model.misfits.pop(node_id, None)
        if misfit is not None:
            self.model.misfits[node_id] = misfit

    def _a_node_leaves(self, number: int) -> None:
        node_id = a_node_id(number)
        self.site.fleet.nodes = [each for each in self.site.fleet.nodes if each != node_id]
        self.site.fleet.silent.add(node_id)
        self.model.silent = set(self.site.fleet.silent)
        self.runner.run(self.site.other.leave(DOMAIN, node_id))
        self.model.leave(node_id)

    def _live(self) -> set[NodeId]:
        return set(self.site.fleet.nodes)

    def _left(self) -> set[NodeId]:
        return {a_node_id(number) for number in range(1, NODES + 1)} - self._live()

    async def _at_once(self, one: Deed, other: Deed) -> list[Any]:
        return list(
            await asyncio.gather(answer(one.does(self.site.one)), answer(other.does(self.site.other)))
        )

    def _after(self, order: list[tuple[int, Part]]) -> tuple[Model, list[Any]]:
        model, answers = self.model.copy(), [None, None]
        for whose, part in order:
            answers[whose] = part(model)
        return model, answers

    async def _stored(self) -> Any:
        targets = {
            (ExecutionId(execution_id), NodeId(node_id)): (*columns, report_of(report), report_of(note))
            for execution_id, node_id, *columns, report, note in await self.site.run(TARGETS)
        }
        local = {
            (NodeId(node_id), each): (report_of(report), report_of(note))
            for node_id, each, report, note in await self.site.run(LOCAL)
        }
        return targets, local

    async def _endings(self) -> Counter[tuple[str, str]]:
        return Counter((execution_id, subject) for execution_id, subject in await self.site.run(ENDINGS))


def expected_endings(model: Model) -> Counter[tuple[str, str]]:
    """Return how many entries the trail is to hold of each target that its node ended."""
    return Counter(
        (str(execution_id), f"node:{node_id}")
        for execution_id, execution in model.executions.items()
        for node_id, target in execution.targets.items()
        for _ in range(target.entries)
    )


def expected(model: Model) -> Any:
    """Return what the store is to hold."""
    targets = {
        (execution_id, node_id): (each.status, each.reason, each.is_released, each.report, each.note)
        for execution_id, execution in model.executions.items()
        for node_id, each in execution.targets.items()
    }
    return targets, model.local


async def asyncio_gather(*works: Awaitable[Any]) -> list[Any]:
    """Return the executions that were dispatched at once, or why not."""
    answers = await asyncio.gather(*map(answer, works))
    return [each if isinstance(each, type) else each.execution.id for each in answers]


def drive(dsn: Secret[str], examples: int, steps: int) -> None:
    """
    Run the machine over one database, which every example begins by emptying.

    Time passes where the machine says so alone: a busy machine makes nothing overdue, and the same steps are the same.
    """
    with stopped_clock(dsn), asyncio.Runner() as runner:
        stack = AsyncExitStack()
        site = runner.run(stack.enter_async_context(lent_action_site(dsn, nodes=NODES)))
        try:
            run_state_machine_as_test(
                partial(Executions, site, runner),  # type: ignore[arg-type]
                settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None),
            )
        finally:
            runner.run(stack.aclose())


@pytest.mark.postgres
def test_executions_come_to_what_a_plain_model_comes_to(database: Secret[str]) -> None:
    """C06, C27, C28, M29."""
    drive(database, examples=8, steps=20)


@pytest.mark.postgres
@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_executions_come_to_what_a_plain_model_comes_to_for_long(database: Secret[str]) -> None:
    """C06, C27, C28, M29."""
    drive(database, examples=150, steps=50)
