"""Executions in plain Python: what a store and any number of processes must come to."""

from collections.abc import Callable, Collection, Iterator
from copy import deepcopy
from dataclasses import dataclass, field

from plexsphere.platform.kernel.ids import ExecutionId, NodeId
from plexsphere.policy.domain.actions.execution import Reason, aggregated
from plexsphere.policy.domain.actions.report import Report
from plexsphere.policy.domain.actions.status import OPEN, TERMINAL, TargetStatus
from plexsphere.policy.domain.actions.wave_plan import WavePlan

DAY = 86_400
FAILURES = (TargetStatus.FAILED, TargetStatus.TIMEOUT)
# What a node may announce so that nothing is released to it, nor dispatched; what changed is dispatched as it is now.
UNFIT = (Reason.NOT_ANNOUNCED, Reason.DRIFTED, Reason.NOT_APPROVED)
MISFITS = (*UNFIT, Reason.CHANGED)


def pickup_of(timeout: int) -> int:
    """The seconds for which an action that may run so long is offered: ten times as long, 10 at least, 300 at most."""
    return min(max(10 * timeout, 10), 300)


def grace_of(timeout: int) -> int:
    """The seconds that its result may take beyond that: as long again, 5 at least, 30 at most."""
    return min(max(timeout, 5), 30)


@dataclass
class ModelTarget:
    """One node of an execution."""

    status: TargetStatus = TargetStatus.PENDING
    reason: str = ""
    deadline: int | None = None
    report: Report | None = None
    note: Report | None = None
    entries: int = 0

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def is_released(self) -> bool:
        return self.deadline is not None

    def is_overdue(self, now: int) -> bool:
        return self.is_open and self.deadline is not None and now >= self.deadline

    def end(self, status: TargetStatus, reason: str = "") -> None:
        assert self.is_open
        self.status, self.reason = status, reason


@dataclass
class ModelExecution:
    """An action, its targets by node, and its waves while they last."""

    timeout: int
    targets: dict[NodeId, ModelTarget]
    created: int
    waves: WavePlan | None = None
    changed: frozenset[NodeId] = frozenset()

    @property
    def status(self) -> TargetStatus:
        return aggregated([each.status for each in self.targets.values()])


@dataclass
class Model:
    """Everything, and what time it is."""

    now: int = 0
    silent: set[NodeId] = field(default_factory=set)
    misfits: dict[NodeId, Reason] = field(default_factory=dict)
    executions: dict[ExecutionId, ModelExecution] = field(default_factory=dict)
    keys: dict[str, tuple[bytes, ExecutionId, int]] = field(default_factory=dict)
    local: dict[tuple[NodeId, str], tuple[Report, Report | None]] = field(default_factory=dict)

    def copy(self) -> "Model":
        return deepcopy(self)

    def offered(self) -> set[tuple[NodeId, ExecutionId]]:
        """Return what nodes are to be told now."""
        return {
            (node_id, execution_id)
            for execution_id, execution in self.executions.items()
            for node_id, target in execution.targets.items()
            if target.status is TargetStatus.PENDING
            and target.is_released
            and not target.is_overdue(self.now)
        }

    def dispatch(
        self, execution_id: ExecutionId, nodes: Collection[NodeId], timeout: int, waves: WavePlan | None
    ) -> None:
        targets = {node_id: ModelTarget() for node_id in sorted(nodes)}
        execution = ModelExecution(timeout, targets, self.now, waves, self._changed())
        self.executions[execution_id] = execution
        if waves is None:
            self._release(execution, targets.values())
        else:
            self._advance(execution)

    def acknowledge(self, execution_id: ExecutionId, node_id: NodeId, accepted: bool, reason: str) -> bool:
        target = self.executions[execution_id].targets[node_id]
        is_in_time = target.is_released and not target.is_overdue(self.now)
        if target.status is TargetStatus.PENDING and is_in_time:
            if accepted:
                target.status = TargetStatus.ACK
                timeout = self.executions[execution_id].timeout
                target.deadline = self.now + timeout + grace_of(timeout)
                return True
            target.end(TargetStatus.FAILED, reason)
            target.entries += 1
            return False
        return target.status is TargetStatus.ACK and is_in_time

    def finish(self, execution_id: ExecutionId, node_id: NodeId, report: Report) -> None:
        target = self.executions[execution_id].targets[node_id]
        if target.is_open and target.is_released:
            target.entries += 1
            if not target.is_overdue(self.now):
                target.end(report.status)
                target.report = report
                if target.note == report:
                    target.note = None
                return
            taken_up = target.status is not TargetStatus.PENDING
            target.end(TargetStatus.TIMEOUT, "not_finished" if taken_up else "not_taken_up")
        is_noted = not (target.is_open and target.is_released)
        if is_noted and target.note is None and target.report != report:
            target.note = report

    def run_locally(self, node_id: NodeId, name: str, report: Report) -> None:
        kept, note = self.local.get((node_id, name), (report, None))
        self.local[node_id, name] = kept, note or (report if report != kept else None)

    def cancel(self, execution_id: ExecutionId) -> None:
        self._cancel(self.executions[execution_id], "cancelled", lambda target: True)

    def leave(self, node_id: NodeId) -> None:
        for execution in self.executions.values():
            target = execution.targets.get(node_id)
            if target is not None and target.is_open:
                target.end(TargetStatus.CANCELLED, Reason.NODE_LEFT)

    def expire(self) -> None:
        for node_id, target in self._every_target():
            if target.is_overdue(self.now):
                taken_up = target.status is not TargetStatus.PENDING
                untaken = "silent" if node_id in self.silent else "not_taken_up"
                target.end(TargetStatus.TIMEOUT, "not_finished" if taken_up else untaken)

    def advance(self) -> None:
        for execution in self.executions.values():
            self._advance(execution)

    def forget_keys(self) -> None:
        self.keys = {key: each for key, each in self.keys.items() if self.now - each[2] <= DAY}

    def _advance(self, execution: ModelExecution) -> None:
        plan, targets = execution.waves, execution.targets
        if plan is None:
            return
        if self._has_failed(execution, plan):
            self._halt(execution)
        elif self.now >= execution.created + DAY:
            self._cancel(execution, "rollout_over", lambda target: not target.is_released)
        elif all(node_id in self.silent for node_id, each in targets.items() if self._runs(each)):
            self._release_fitting(execution, plan)

    def _has_failed(self, execution: ModelExecution, plan: WavePlan) -> bool:
        failures = [
            node_id
            for node_id, each in execution.targets.items()
            if (each.status in FAILURES and each.reason != "silent")
            or (each.status is TargetStatus.CANCELLED and each.report is not None)
            or (each.status is TargetStatus.ACK and node_id in self.silent)
        ]
        return len(failures) > plan.max_failures

    def _release_fitting(self, execution: ModelExecution, plan: WavePlan) -> None:
        wave = self._wave(execution, plan)
        for node_id, target in wave.items():
            misfit = self._misfit(execution, node_id)
            if misfit is not None:
                target.end(TargetStatus.FAILED, misfit)
        if self._has_failed(execution, plan):
            self._halt(execution)
        else:
            self._release(execution, [each for each in wave.values() if each.is_open])

    def _misfit(self, execution: ModelExecution, node_id: NodeId) -> Reason | None:
        misfit = self.misfits.get(node_id)
        if misfit in UNFIT:
            return misfit
        return Reason.CHANGED if (node_id in self._changed()) != (node_id in execution.changed) else None

    def _changed(self) -> frozenset[NodeId]:
        return frozenset(each for each, misfit in self.misfits.items() if misfit is Reason.CHANGED)

    def _halt(self, execution: ModelExecution) -> None:
        self._cancel(execution, "halted", lambda target: target.status is TargetStatus.PENDING)

    def _wave(self, execution: ModelExecution, plan: WavePlan) -> dict[NodeId, ModelTarget]:
        waiting = [(node_id, each) for node_id, each in execution.targets.items() if self._waits(each)]
        heard = [each for each in waiting if each[0] not in self.silent]
        done = sum(each.status is TargetStatus.SUCCEEDED for each in execution.targets.values())
        canaries = min(plan.canary, len(execution.targets)) - done
        share = -(-len(execution.targets) * plan.percent // 100)
        if heard or canaries > 0:
            return dict(heard[: canaries if canaries > 0 else share])
        return dict(waiting)

    def _runs(self, target: ModelTarget) -> bool:
        return target.is_open and target.is_released

    def _waits(self, target: ModelTarget) -> bool:
        return target.is_open and not target.is_released

    def _release(self, execution: ModelExecution, targets: Collection[ModelTarget]) -> None:
        for target in targets:
            target.deadline = self.now + pickup_of(execution.timeout)

    def _cancel(
        self, execution: ModelExecution, reason: str, is_meant: Callable[[ModelTarget], bool]
    ) -> None:
        execution.waves = None
        for target in execution.targets.values():
            if target.is_open and is_meant(target):
                target.end(TargetStatus.CANCELLED, reason)

    def _every_target(self) -> Iterator[tuple[NodeId, ModelTarget]]:
        for execution in self.executions.values():
            yield from execution.targets.items()


def ended(model: Model) -> dict[tuple[ExecutionId, NodeId], TargetStatus]:
    """Return how each target ended that did."""
    return {
        (execution_id, node_id): target.status
        for execution_id, execution in model.executions.items()
        for node_id, target in execution.targets.items()
        if target.status in TERMINAL
    }
