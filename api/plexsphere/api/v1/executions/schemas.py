"""Bodies of the surface."""

import base64
from collections import Counter
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Final, Literal, Self, cast, get_args
from uuid import UUID

import msgspec
from msgspec import Meta

from plexsphere.api.body import BodyRule
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.executions import problems
from plexsphere.api.v1.executions.wiring import (
    DispatchWish,
    ExecutionView,
    LocalExecutionView,
    ReportView,
    TargetResultView,
    TargetView,
    TriggerView,
    WavesView,
)
from plexsphere.platform.json_decoder import AS_WRITTEN

ActionType = Literal["builtin", "hook"]
Status = Literal["pending", "ack", "started", "succeeded", "failed", "cancelled", "timeout"]
STATUSES: Final[tuple[str, ...]] = get_args(Status)

MOST_INLINE_BYTES: Final = 16 * 1024
MOST_NODES: Final = 10_000

Action = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=4096,
        description="A builtin action's name, a hook's as `hooks/<name>`, or bare with the type `hook`.",
    ),
]
# Documented here, enforced by the domain, whose refusal has a name of its own.
LabelExpression = Annotated[
    str,
    Meta(
        description="`k=v`, `k in (a,b)`, `k`, `!k`, a comma means and; `*` is every node of the Project.",
        extra_json_schema={"minLength": 1, "maxLength": 4096},
    ),
]
TimeoutSeconds = Annotated[int, Meta(ge=0, le=86_400, description="0 leaves it to what the node announced.")]


class Waves(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    How targets are released.

    First `canary` of them, then `percent` of all a wave; more than `max_failures` failures end the rest.
    """

    canary: Annotated[int, Meta(ge=0, le=MOST_NODES)] = 0
    percent: Annotated[int, Meta(ge=1, le=100)] = 100
    max_failures: Annotated[int, Meta(ge=0, le=MOST_NODES)] = 0

    def view(self) -> WavesView:
        """Return the same in the surface's own words."""
        return WavesView(self.canary, self.percent, self.max_failures)

    @classmethod
    def of(cls, view: WavesView) -> Self:
        """Show the waves."""
        return cls(view.canary, view.percent, view.max_failures)


class ExecutionDispatch(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"kind": "type"}
):
    """An action for exactly one of a node and a selector; a privileged hook needs `approve_privileged`."""

    action: Action
    kind: ActionType | None = None
    parameters: dict[str, Any] = {}
    timeout_seconds: TimeoutSeconds = 0
    node_id: UUID | None = None
    selector: LabelExpression | None = None
    approve_privileged: bool = False
    waves: Waves | None = None

    def __repr__(self) -> str:
        return f"ExecutionDispatch(action={self.action!r})"

    def wish(self, method: str, project_id: UUID, idempotency_key: str) -> DispatchWish:
        """
        Return the dispatch as wished.

        Raises:
            Refusal: `invalid_body`, when it names neither a node nor a selector, or both.
        """
        if (self.node_id is None) is (self.selector is None):
            raise Refusal(problems.INVALID_BODY, "exactly one of node_id and selector is to be given")
        return DispatchWish(
            action=self.action,
            type=self.kind or "",
            parameters=self.parameters,
            timeout_seconds=self.timeout_seconds,
            node_id=self.node_id,
            selector=self.selector,
            approve_privileged=self.approve_privileged,
            waves=self.waves.view() if self.waves else None,
            idempotency_key=idempotency_key,
            body_digest=self._digest(method, project_id),
        )

    def _digest(self, method: str, project_id: UUID) -> bytes:
        # Of what the body says, not of how: the order of fields and a default that is written out count for nothing.
        said = msgspec.json.encode([method, project_id, self], order="deterministic")
        return sha256(said).digest()


class OutputRef(msgspec.Struct, frozen=True):
    """The first 16 KiB of what the action wrote to its standard output, and then to its standard error."""

    kind: Literal["inline"]
    inline_bytes: Annotated[str, Meta(extra_json_schema={"contentEncoding": "base64"})]

    @classmethod
    def of(cls, output: bytes) -> Self:
        """Show the output."""
        return cls("inline", base64.b64encode(output[:MOST_INLINE_BYTES]).decode())


class ExecutionTarget(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One node of an execution.

    Until a wave takes it, it has neither `released_at` nor a `deadline`: by then it must have been taken up, and once
    it was, it must have ended.
    """

    node_id: UUID
    status: Status
    created_at: datetime
    updated_at: datetime
    timeout_seconds: int
    released_at: datetime | None = None
    deadline: datetime | None = None
    reason: str | None = None
    output_ref: OutputRef | None = None

    @classmethod
    def of(cls, view: TargetView) -> Self:
        """Show the target."""
        return cls(
            node_id=view.node_id,
            status=cast(Status, view.status),
            created_at=view.created_at,
            updated_at=view.updated_at,
            timeout_seconds=view.timeout_seconds,
            released_at=view.released_at,
            deadline=view.deadline,
            reason=view.reason or None,
            output_ref=None if view.output is None else OutputRef.of(view.output),
        )


class Execution(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, rename={"kind": "type"}):
    """
    A dispatched action.

    Lists have its header alone: `targets` is empty there, and `parameters`, `wave` (how many were released) and
    `counts` (of targets, for every status) are left out.
    """

    id: UUID
    project_id: UUID
    domain_id: UUID
    action: str
    kind: ActionType
    status: Status
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None
    created_by: str
    approve_privileged: bool
    size: int
    waves: Waves | None = None
    parameters: dict[str, Any] | None = None
    wave: int | None = None
    counts: dict[Status, int] | None = None
    # The last one, so that many targets can be written piece by piece.
    targets: list[ExecutionTarget]

    @classmethod
    def header(cls, view: ExecutionView, **more: Any) -> Self:
        """Show the execution as lists do, with no more of it than is given."""
        return cls(
            id=view.id,
            project_id=view.project_id,
            domain_id=view.domain_id,
            action=view.action,
            kind=cast(ActionType, view.type),
            status=cast(Status, view.status),
            created_at=view.created_at,
            updated_at=view.updated_at,
            ended_at=view.ended_at,
            created_by=view.created_by,
            approve_privileged=view.approve_privileged,
            size=view.size,
            waves=Waves.of(view.waves) if view.waves else None,
            targets=[],
            **more,
        )

    @classmethod
    def without_targets(cls, view: ExecutionView) -> Self:
        """Show everything but the targets themselves."""
        counted = Counter(target.status for target in view.targets)
        # The targets of a wave are released in one statement, at one instant; without a plan there is one wave.
        released = len({target.released_at for target in view.targets} - {None})
        return cls.header(
            view,
            parameters=dict(view.parameters),
            wave=released if view.waves else min(released, 1),
            counts={status: counted[status] for status in STATUSES},
        )


class ExecutionList(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page."""

    items: list[Execution]
    next_cursor: str | None = None


class TriggeredBy(msgspec.Struct, frozen=True, omit_defaults=True, rename={"kind": "type"}):
    """
    Who or what had the node run the action, in the node's words.

    `control_plane`, `session`, `direct_access` or `local_emergency`.
    """

    kind: str
    session_id: str | None = None
    user_id: str | None = None
    email: str | None = None

    @classmethod
    def of(cls, view: TriggerView) -> Self:
        """Show it."""
        return cls(view.type, view.session_id or None, view.user_id or None, view.email or None)


class NodeReport(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a node reported of a run: outputs of up to 64 KiB each, and `finished_at` by its own clock."""

    status: Status
    exit_code: int
    stdout: str
    stderr: str
    duration: str | None = None
    finished_at: datetime | None = None
    triggered_by: TriggeredBy

    @classmethod
    def of(cls, view: ReportView) -> Self:
        """Show the report."""
        return cls(
            status=cast(Status, view.status),
            exit_code=view.exit_code,
            stdout=view.stdout,
            stderr=view.stderr,
            duration=view.duration or None,
            finished_at=view.finished_at,
            triggered_by=TriggeredBy.of(view.triggered_by),
        )


class TargetResult(ExecutionTarget, frozen=True, kw_only=True):
    """
    A target with everything that its node reported.

    The first report ended the target, unless its deadline or a cancellation had; `note` is the first that came before
    a wave released the target or when it had ended, and says something else than what counts.
    """

    execution_id: UUID
    report: NodeReport | None = None
    note: NodeReport | None = None

    @classmethod
    def reported(cls, view: TargetResultView) -> Self:
        """Show the target."""
        return cls(
            *msgspec.structs.astuple(ExecutionTarget.of(view.target)),
            execution_id=view.execution_id,
            report=NodeReport.of(view.report) if view.report else None,
            note=NodeReport.of(view.note) if view.note else None,
        )


class LocalExecution(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a node ran without being asked by the control plane; `note` is a later report that says something else."""

    id: str
    node_id: UUID
    recorded_at: datetime
    report: NodeReport
    note: NodeReport | None = None

    @classmethod
    def of(cls, view: LocalExecutionView) -> Self:
        """Show it."""
        note = NodeReport.of(view.note) if view.note else None
        return cls(view.id, view.node_id, view.recorded_at, NodeReport.of(view.report), note)


class LocalExecutionList(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page, never of more than ten rows."""

    items: list[LocalExecution]
    next_cursor: str | None = None


# A node is told parameters in one line of its event stream, of at most 64 KiB: escaping makes six characters of one.
DISPATCH: Final = BodyRule(msgspec.json.Decoder(ExecutionDispatch), unique_keys=AS_WRITTEN)
