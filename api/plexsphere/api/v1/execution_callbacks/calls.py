"""The calls by which nodes take actions up and tell how they ended."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from plexsphere.api import catalogue
from plexsphere.api.body import KIB, BodyRule, read
from plexsphere.api.gate import NodeGate
from plexsphere.api.node_call import ENCODER, JSON, NOTHING_TO_DO, NodeCall, answer, headers_of, require_own
from plexsphere.api.node_calls import DirectCall
from plexsphere.api.problem import Refusal
from plexsphere.api.shedding import Shedding, Work
from plexsphere.api.v1.execution_callbacks import operations, problems
from plexsphere.api.v1.execution_callbacks.schemas import (
    AcknowledgementAnswer,
    AcknowledgementRequest,
    ResultRequest,
    TriggeredBy,
)
from plexsphere.api.v1.execution_callbacks.wiring import CONTROL_PLANE, ExecutionCallbacks, Result, Trigger
from plexsphere.platform.kernel.ids import parse_id

# An agent's own executions have ids of its own making (design D1).
EXECUTION_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
ACKNOWLEDGEMENT: Final = BodyRule(msgspec.json.Decoder(AcknowledgementRequest), cap=64 * KIB, takes_nul=True)
# Agents in the field send 1 MiB of each output, of which an escape can make six.
RESULT: Final = BodyRule(msgspec.json.Decoder(ResultRequest), cap=13 * 1024 * KIB, takes_nul=True)
# Whoever sends more than a result needs has it in memory here while it comes.
LARGE: Final = 256 * KIB
MOST_LARGE_AT_ONCE: Final = 16
SOON: Final = {"Retry-After": "5"}
NO_YEAR: Final = 1


class LargeBodies:
    """Room for a few large bodies at once; the others are told to come back."""

    def __init__(self, most: int = MOST_LARGE_AT_ONCE) -> None:
        self._most: Final = most
        self._coming = 0

    @contextmanager
    def room(self, headers: dict[str, str]) -> Iterator[None]:
        """
        Hold room for a body that announces itself as large, or does not say how long it is.

        Raises:
            Refusal: `overloaded`.
        """
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) <= LARGE:
            yield
            return
        if self._coming >= self._most:
            raise Refusal(catalogue.OVERLOADED, headers=SOON)
        self._coming += 1
        try:
            yield
        finally:
            self._coming -= 1


@dataclass(frozen=True, slots=True)
class CallbackCall(NodeCall):
    """A callback of an execution."""

    callbacks: ExecutionCallbacks

    def _require_room(self) -> None:
        # Agents in the field tell it once: what is refused here is lost.
        self.shedding.require_room(Work.STREAM)


class Acknowledge(CallbackCall):
    """POST …/executions/{execution_id}/ack."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = headers_of(scope)
        node = await self._node(scope, headers)
        execution_id = execution_id_of(scope)
        body = await read(receive, headers, ACKNOWLEDGEMENT)
        require_own("execution_id", body.execution_id or "", execution_id)
        accepted = body.status == "accepted"
        proceed = await self.callbacks.acknowledge(node, execution_id, accepted, body.reason or "")
        await answer(send, 200, ENCODER.encode(AcknowledgementAnswer(proceed)), (JSON,))


@dataclass(frozen=True, slots=True)
class TakeResult(CallbackCall):
    """POST …/executions/{execution_id}/result."""

    large: LargeBodies

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = headers_of(scope)
        node = await self._node(scope, headers)
        execution_id = execution_id_of(scope)
        with self.large.room(headers):
            body = await read(receive, headers, RESULT)
            require_own("execution_id", body.execution_id or "", execution_id)
            await self.callbacks.report(node, execution_id, _result(body))
        await answer(send, 200, NOTHING_TO_DO, (JSON,))


def callback_calls(gate: NodeGate, shedding: Shedding, callbacks: ExecutionCallbacks) -> list[DirectCall]:
    """Return the calls of the surface, each with its operation."""
    return [
        DirectCall(operations.ACKNOWLEDGEMENT, Acknowledge(gate, shedding, callbacks)),
        DirectCall(operations.RESULT, TakeResult(gate, shedding, callbacks, LargeBodies())),
    ]


def execution_id_of(scope: Any) -> str:
    """
    Return the execution's id as the path has it, an id of ours in lower case.

    Raises:
        Refusal: `invalid_execution_id`.
    """
    text: str = scope["path_params"]["execution_id"]
    if not EXECUTION_ID.fullmatch(text):
        raise Refusal(problems.INVALID_EXECUTION_ID)
    try:
        return str(parse_id(text))
    except ValueError:
        return text


def _result(body: ResultRequest) -> Result:
    return Result(
        status=body.status,
        exit_code=body.exit_code or 0,
        stdout=body.stdout or "",
        stderr=body.stderr or "",
        duration=body.duration or "",
        finished_at=_told(body.finished_at),
        triggered_by=_trigger(body.triggered_by),
    )


def _trigger(told: TriggeredBy | None) -> Trigger:
    if told is None:
        return Trigger()
    return Trigger(told.type or CONTROL_PLANE, told.session_id or "", told.user_id or "", told.email or "")


def _told(finished_at: datetime | None) -> datetime | None:
    # Agents in the field send the year 1 for no time; a time of no zone says nothing, either.
    if finished_at is None or finished_at.year == NO_YEAR or finished_at.tzinfo is None:
        return None
    return finished_at
