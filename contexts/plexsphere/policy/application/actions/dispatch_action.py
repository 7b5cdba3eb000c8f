"""Use case: let nodes run an action (rest contract 3.8; design D32)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plexsphere.platform.kernel.audit import AuditTrail
from plexsphere.platform.kernel.events import Announcements, EventType
from plexsphere.platform.kernel.ids import DomainId, ExecutionId, MintsIds, NodeId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.application.actions.audited import audited
from plexsphere.policy.application.actions.cohort import Cohort
from plexsphere.policy.application.actions.dispatch_draft import DispatchDraft
from plexsphere.policy.application.actions.release_wave import ReleaseWave
from plexsphere.policy.application.actions.told import told
from plexsphere.policy.domain.actions.errors import (
    CapacityExceeded,
    ExecutionNotFound,
    IdempotencyConflict,
)
from plexsphere.policy.domain.actions.execution import Execution
from plexsphere.policy.domain.actions.parameters import as_json
from plexsphere.policy.domain.errors import ProjectNotFound
from plexsphere.policy.ports.actions.executions import Executions, NewExecution, NewTarget
from plexsphere.policy.ports.actions.idempotency_keys import Claim, IdempotencyKey, IdempotencyKeys
from plexsphere.policy.ports.projects import Projects

MOST_OPEN_TARGETS: Final = 50_000
# What a node is offered is told as one: 4 MiB of the 10 MiB that agents read of a state.
MOST_OPEN_TARGETS_OF_A_NODE: Final = 256


@dataclass(frozen=True, slots=True)
class Dispatched:
    """An execution, and the Domain whose nodes are told."""

    domain_id: DomainId
    execution: Execution


@dataclass(frozen=True, slots=True)
class DispatchAction:
    """
    Keep an execution with its targets, tell those that are released at once, and write down who asked for it.

    A repeat under the same key changes nothing, whatever became of the nodes meanwhile. What several dispatches at
    once count of open targets may be a moment old.
    """

    unit_of_work: UnitOfWork
    projects: Projects
    keys: IdempotencyKeys
    cohort: Cohort
    executions: Executions
    release_wave: ReleaseWave
    announcements: Announcements
    trail: AuditTrail
    mint_id: MintsIds

    async def __call__(self, draft: DispatchDraft) -> Dispatched:
        """
        Return the execution, a new one or the one that was asked for before.

        Raises:
            ProjectNotFound, IdempotencyConflict, SelectorSyntaxError, EmptyCohort, CohortTooLarge,
            ActionNotDeclared, HookDrifted, ApprovalRequired, InvalidParameters, ArtifactNotStored,
            CapacityExceeded: nothing was kept.
        """
        async with self.unit_of_work():
            domain_id = await self.projects.domain_of(draft.project_id)
            if domain_id is None:
                raise ProjectNotFound(draft.project_id)
            execution_id = ExecutionId(self.mint_id())
            standing = await self._claim(domain_id, draft, execution_id)
            if standing == execution_id:
                await self._dispatch(domain_id, execution_id, draft)
            execution = await self.executions.get(domain_id, draft.project_id, standing)
            if execution is None:
                raise ExecutionNotFound(standing)
        return Dispatched(domain_id, execution)

    async def _claim(
        self, domain_id: DomainId, draft: DispatchDraft, execution_id: ExecutionId
    ) -> ExecutionId:
        if not draft.idempotency_key:
            return execution_id
        key = IdempotencyKey(domain_id, draft.project_id, str(draft.author), draft.idempotency_key)
        claim = await self.keys.claim(key, Claim(execution_id, draft.body_digest))
        if claim.body_digest != draft.body_digest:
            raise IdempotencyConflict
        return claim.execution_id

    async def _dispatch(self, domain_id: DomainId, execution_id: ExecutionId, draft: DispatchDraft) -> None:
        targets, parameters = await self.cohort(domain_id, draft), as_json(draft.parameters)
        nodes = [each.node_id for each in targets]
        await self._require_room(domain_id, nodes)
        await self.executions.add(_new_execution(domain_id, execution_id, draft, parameters, targets))
        self._write_down(domain_id, execution_id, draft, len(targets))
        if draft.waves is None:
            self.announcements.announce(told(domain_id, execution_id, nodes, EventType.ACTION_REQUEST))
        else:
            await self.release_wave(domain_id, execution_id)

    def _write_down(
        self, domain_id: DomainId, execution_id: ExecutionId, draft: DispatchDraft, targets: int
    ) -> None:
        approved = {"approved": 1} if draft.approve_privileged else {}
        self.trail.record(
            audited(
                domain_id,
                draft.project_id,
                execution_id,
                draft.author,
                "execution.dispatch",
                draft.correlation_id,
                action=str(draft.name),
                targets=targets,
                **approved,
            )
        )

    async def _require_room(self, domain_id: DomainId, nodes: Sequence[NodeId]) -> None:
        standing = await self.executions.open_targets(domain_id, MOST_OPEN_TARGETS)
        if standing + len(nodes) > MOST_OPEN_TARGETS:
            raise CapacityExceeded
        if await self.executions.is_any_busy(domain_id, nodes, MOST_OPEN_TARGETS_OF_A_NODE):
            raise CapacityExceeded


def _new_execution(
    domain_id: DomainId,
    execution_id: ExecutionId,
    draft: DispatchDraft,
    parameters: str,
    targets: tuple[NewTarget, ...],
) -> NewExecution:
    return NewExecution(
        id=execution_id,
        domain_id=domain_id,
        project_id=draft.project_id,
        type=draft.name.type,
        action=str(draft.name),
        parameters=parameters,
        created_by=str(draft.author),
        correlation_id=draft.correlation_id or "",
        targets=targets,
        approve_privileged=draft.approve_privileged,
        waves=draft.waves,
    )
