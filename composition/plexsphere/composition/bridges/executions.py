"""The surface of executions, answered by policy."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.api.node_access import HomedNode
from plexsphere.api.paging import Page, PageRequest
from plexsphere.api.problem import Problem
from plexsphere.api.v1.executions import problems
from plexsphere.api.v1.executions.schemas import MOST_INLINE_BYTES
from plexsphere.api.v1.executions.wiring import (
    DispatchWish,
    ExecutionView,
    Listed,
    LocalExecutionView,
    ReportView,
    TargetResultView,
    TargetView,
    TriggerView,
    WavesView,
)
from plexsphere.composition.bridges.translation import Translation
from plexsphere.composition.doorway import Doorways
from plexsphere.platform.kernel.correlation import CORRELATION_ID
from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId, ProjectId, parse_id
from plexsphere.policy.application.actions.cancel_execution import CancelExecution
from plexsphere.policy.application.actions.dispatch_action import DispatchAction
from plexsphere.policy.application.actions.dispatch_draft import DispatchDraft
from plexsphere.policy.application.actions.get_execution import GetExecution
from plexsphere.policy.application.actions.get_reports import GetReports
from plexsphere.policy.application.actions.get_target import GetTarget
from plexsphere.policy.application.actions.list_executions import ListExecutions
from plexsphere.policy.application.actions.list_local_executions import ListLocalExecutions
from plexsphere.policy.domain import errors as policy_errors
from plexsphere.policy.domain.actions import errors
from plexsphere.policy.domain.actions.execution import Execution, ExecutionStatus, Target, WavePlan
from plexsphere.policy.domain.actions.report import Report
from plexsphere.policy.ports.actions.local_executions import LocalExecution

PROBLEM_OF: Final[Mapping[type[policy_errors.PolicyError], Problem]] = {
    errors.InvalidIdempotencyKey: problems.INVALID_IDEMPOTENCY_KEY,
    errors.InvalidWavePlan: problems.INVALID_BODY,
    errors.ActionNotDeclared: problems.ACTION_NOT_DECLARED,
    errors.ExecutionNotFound: problems.EXECUTION_NOT_FOUND,
    errors.HookDrifted: problems.HOOK_INTEGRITY_VIOLATION,
    errors.IdempotencyConflict: problems.IDEMPOTENCY_CONFLICT,
    errors.EmptyCohort: problems.SELECTOR_EMPTY_COHORT,
    errors.CohortTooLarge: problems.COHORT_TOO_LARGE,
    errors.ApprovalRequired: problems.APPROVAL_REQUIRED,
    errors.InvalidParameters: problems.INVALID_PARAMETERS,
    errors.ArtifactNotStored: problems.ARTIFACT_NOT_STORED,
    errors.CapacityExceeded: problems.CAPACITY_EXCEEDED,
    # Two names are this surface's own: on policies a selector is one of two, and answered 422.
    policy_errors.SelectorSyntaxError: problems.MALFORMED_SELECTOR,
    policy_errors.ProjectNotFound: problems.PROJECT_NOT_FOUND,
}
FAULT_IN_WORDS: Final[Mapping[errors.ParameterFault, str]] = {
    errors.ParameterFault.UNKNOWN: "Some node announced no parameter of such a name.",
    errors.ParameterFault.MISSING: "A parameter that some node requires is missing.",
    errors.ParameterFault.WRONG_TYPE: "A parameter is not of the type that some node announced.",
    errors.ParameterFault.TOO_LARGE: "The parameters are larger than a node can be told.",
}
# Open targets end by their deadlines; most do within minutes.
HEADERS_OF: Final[Mapping[type[Exception], Mapping[str, str]]] = {
    errors.CapacityExceeded: {"Retry-After": "30"}
}
DIMENSION_OF: Final[Mapping[type[Exception], Mapping[str, str]]] = {
    errors.CapacityExceeded: {"dimension": "action_executions"}
}
# Of larger executions nobody reads every output at once; a target's own route shows it.
MOST_WITH_OUTPUT: Final = 16
# So many targets are shown in less than 2 ms.
AT_ONCE: Final = 500
# Rows come with their outputs, up to 256 KiB each.
MOST_LOCAL_ROWS: Final = 10


def _detail(error: policy_errors.PolicyError) -> str:
    match error:
        case errors.ActionNotDeclared():
            return f"{error.missing} of the nodes that are meant did not announce this action."
        case errors.HookDrifted():
            return f"The hook is not what it was or is said to be on {len(error.nodes)} of the nodes that are meant."
        case errors.CohortTooLarge():
            return f"{error.nodes} nodes are meant; {error.most} are the most."
        case errors.InvalidParameters():
            return FAULT_IN_WORDS[error.fault]
        case policy_errors.SelectorSyntaxError():
            return f"The selector cannot be read at character {error.position}."
        case _:
            return ""


TRANSLATED: Final = Translation(PROBLEM_OF, _detail, HEADERS_OF, DIMENSION_OF)


@dataclass(frozen=True, slots=True)
class ExecutionsBridge:
    """Answers the surface's port `Executions`; dispatching and cancelling write their own audit rows."""

    dispatch_action: DispatchAction
    list_executions: ListExecutions
    get_execution: GetExecution
    get_target: GetTarget
    get_reports: GetReports
    cancel_execution: CancelExecution
    list_local_executions: ListLocalExecutions
    doorways: Doorways

    async def dispatch(self, permitted: Permitted, project_id: UUID, wish: DispatchWish, /) -> ExecutionView:
        with TRANSLATED:
            # Who repeats himself at once waits for himself: at the door, not on a connection.
            async with self.doorways(project_id):
                dispatched = await self.dispatch_action(_draft(permitted, ProjectId(project_id), wish))
        return await _view(dispatched.execution, await self._outputs(dispatched.execution))

    async def page(
        self, permitted: Permitted, project_id: UUID, listed: Listed, wanted: PageRequest, /
    ) -> Page[ExecutionView]:
        status = ExecutionStatus(listed.status) if listed.status else None
        after = ExecutionId(parse_id(wanted.position)) if wanted.position else None
        with TRANSLATED:
            page = await self.list_executions(
                ProjectId(project_id), status, listed.action_name or None, after, wanted.limit
            )
        position = "" if page.is_last else str(page.executions[-1].id)
        return Page(tuple(map(_header, page.executions)), position)

    async def get(self, permitted: Permitted, project_id: UUID, execution_id: UUID, /) -> ExecutionView:
        project, execution = ProjectId(project_id), ExecutionId(execution_id)
        with TRANSLATED:
            found = await self.get_execution(project, execution)
        return await _view(found, await self._outputs(found))

    async def target(
        self, permitted: Permitted, project_id: UUID, execution_id: UUID, node_id: UUID, /
    ) -> TargetResultView:
        project, execution = ProjectId(project_id), ExecutionId(execution_id)
        with TRANSLATED:
            target = await self.get_target(project, execution, NodeId(node_id))
        report, note = target.report, target.note
        return TargetResultView(
            execution_id,
            _target(target),
            _reported(report) if report else None,
            _reported(note) if note else None,
        )

    async def cancel(self, permitted: Permitted, project_id: UUID, execution_id: UUID, /) -> ExecutionView:
        project, execution = ProjectId(project_id), ExecutionId(execution_id)
        author, correlation_id = permitted.caller.subject, CORRELATION_ID.get() or None
        with TRANSLATED:
            cancelled = await self.cancel_execution(project, execution, author, correlation_id)
        return await _view(cancelled, await self._outputs(cancelled))

    async def local_page(
        self, permitted: Permitted, node: HomedNode, wanted: PageRequest, /
    ) -> Page[LocalExecutionView]:
        limit = min(wanted.limit, MOST_LOCAL_ROWS)
        page = await self.list_local_executions(
            DomainId(node.domain_id), NodeId(node.id), wanted.position or None, limit
        )
        position = "" if page.is_last else page.executions[-1].id
        return Page(tuple(map(_local, page.executions)), position)

    async def _outputs(self, execution: Execution) -> Mapping[NodeId, bytes]:
        if execution.size > MOST_WITH_OUTPUT or not any(target.is_reported for target in execution.targets):
            return {}
        reports = await self.get_reports(execution)
        return {node_id: _output(report) for node_id, report in reports.items()}


def _draft(permitted: Permitted, project_id: ProjectId, wish: DispatchWish) -> DispatchDraft:
    return DispatchDraft(
        project_id=project_id,
        action=wish.action,
        author=permitted.caller.subject,
        type=wish.type,
        parameters=wish.parameters,
        timeout_seconds=wish.timeout_seconds,
        node_id=None if wish.node_id is None else NodeId(wish.node_id),
        selector=wish.selector,
        approve_privileged=wish.approve_privileged,
        waves=_plan(wish.waves) if wish.waves else None,
        correlation_id=CORRELATION_ID.get() or None,
        idempotency_key=wish.idempotency_key,
        body_digest=wish.body_digest,
    )


def _plan(waves: WavesView) -> WavePlan:
    return WavePlan(waves.canary, waves.percent, waves.max_failures)


def _header(execution: Execution) -> ExecutionView:
    waves = execution.waves
    return ExecutionView(
        id=execution.id,
        project_id=execution.project_id,
        domain_id=execution.domain_id,
        action=execution.action,
        type=execution.type.value,
        status=execution.status.value,
        created_at=execution.created_at,
        updated_at=execution.updated_at,
        ended_at=execution.ended_at,
        created_by=execution.created_by,
        approve_privileged=execution.approve_privileged,
        size=execution.size,
        waves=WavesView(waves.canary, waves.percent, waves.max_failures) if waves else None,
    )


async def _view(execution: Execution, outputs: Mapping[NodeId, bytes]) -> ExecutionView:
    targets: list[TargetView] = []
    for start in range(0, len(execution.targets), AT_ONCE):
        group = execution.targets[start : start + AT_ONCE]
        targets += [_target(each, outputs.get(each.node_id)) for each in group]
        await asyncio.sleep(0)
    return replace(_header(execution), parameters=json.loads(execution.parameters), targets=targets)


def _target(target: Target, output: bytes | None = None) -> TargetView:
    return TargetView(
        node_id=target.node_id,
        status=target.status.value,
        created_at=target.created_at,
        updated_at=target.updated_at,
        timeout_seconds=target.timeout_seconds,
        released_at=target.released_at,
        deadline=target.deadline,
        reason=target.reason,
        output=output,
    )


def _output(report: Report) -> bytes:
    return f"{report.stdout}{report.stderr}".encode()[:MOST_INLINE_BYTES]


def _reported(report: Report) -> ReportView:
    triggered_by = report.triggered_by
    return ReportView(
        status=report.status.value,
        exit_code=report.exit_code,
        stdout=report.stdout,
        stderr=report.stderr,
        duration=report.duration,
        finished_at=report.finished_at,
        triggered_by=TriggerView(
            triggered_by.type, triggered_by.session_id, triggered_by.user_id, triggered_by.email
        ),
    )


def _local(execution: LocalExecution) -> LocalExecutionView:
    note = _reported(execution.note) if execution.note else None
    return LocalExecutionView(
        execution.id, execution.node_id, execution.recorded_at, _reported(execution.report), note
    )
