"""The calls by which nodes take actions up and tell how they ended."""

import re
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

import msgspec

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
from plexsphere.platform.kernel.ids import DomainId, parse_id

# An agent's own executions have ids of its own making (design D1).
EXECUTION_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
ACKNOWLEDGEMENT: Final = BodyRule(msgspec.json.Decoder(AcknowledgementRequest), cap=64 * KIB, takes_nul=True)
# Agents in the field send 1 MiB of each output, of which an escape can make six.
RESULT: Final = BodyRule(msgspec.json.Decoder(ResultRequest), cap=13 * 1024 * KIB, takes_nul=True)
# Whoever sends more than a result needs has it in memory here while it comes.
LARGE: Final = 256 * KIB
# An octet of gzip makes 1,032 at most.
MOST_GZIP_MAKES: Final = 1_032
# So many characters of each text are read on; what is kept of them is cut to fewer bytes.
MOST_OUTPUT: Final = 64 * KIB
MOST_TEXT: Final = KIB
NO_YEAR: Final = 1
DURATION: Final = msgspec.json.Decoder(str)
FINISHED_AT: Final = msgspec.json.Decoder(datetime)
T = TypeVar("T")


class Places(Protocol):
    """Where few are inside at a time, of each Domain no more than a share, and the others wait."""

    def __call__(self, domain_id: DomainId, /) -> AbstractAsyncContextManager[None]:
        """
        Return a block to be inside of.

        Raises:
            StoreOverloaded: on entering it; too many wait, or for too long.
        """
        ...


@dataclass(frozen=True, slots=True)
class LargeBodies:
    """Room for a few large bodies at once; the others wait, unread, for agents in the field tell a result once."""

    places: Places

    def room(self, domain_id: DomainId, headers: dict[str, str]) -> AbstractAsyncContextManager[None]:
        """
        Return a block in which the body has room: one that may become large, or does not say how long it is, waits.

        Raises:
            StoreOverloaded: on entering it; too many wait, or for too long.
        """
        return self.places(domain_id) if _may_be_large(headers) else nullcontext()


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
        proceed = await self.callbacks.acknowledge(node, execution_id, accepted, _cut(body.reason))
        await answer(send, 200, ENCODER.encode(AcknowledgementAnswer(proceed)), (JSON,))


@dataclass(frozen=True, slots=True)
class TakeResult(CallbackCall):
    """POST …/executions/{execution_id}/result."""

    large: LargeBodies

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = headers_of(scope)
        node = await self._node(scope, headers)
        execution_id = execution_id_of(scope)
        async with self.large.room(node.domain_id, headers):
            result = await _result(receive, headers, execution_id)
        # What waits from here on is short, and its body is not kept.
        await self.callbacks.report(node, execution_id, result)
        await answer(send, 200, NOTHING_TO_DO, (JSON,))


def callback_calls(
    gate: NodeGate, shedding: Shedding, callbacks: ExecutionCallbacks, large: LargeBodies
) -> list[DirectCall]:
    """Return the calls of the surface, each with its operation."""
    return [
        DirectCall(operations.ACKNOWLEDGEMENT, Acknowledge(gate, shedding, callbacks)),
        DirectCall(operations.RESULT, TakeResult(gate, shedding, callbacks, large)),
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


def result_of(body: ResultRequest) -> Result:
    """Return what the body says, its texts cut: nothing of what is not kept waits for its turn."""
    return Result(
        status=body.status,
        exit_code=int(body.exit_code or 0),
        stdout=_cut(body.stdout, MOST_OUTPUT),
        stderr=_cut(body.stderr, MOST_OUTPUT),
        duration=_cut(_read(DURATION, body.duration)),
        finished_at=_told(_read(FINISHED_AT, body.finished_at)),
        triggered_by=_trigger(body.triggered_by),
    )


async def _result(receive: Any, headers: dict[str, str], execution_id: str) -> Result:
    body = await read(receive, headers, RESULT)
    require_own("execution_id", body.execution_id or "", execution_id)
    return result_of(body)


def _may_be_large(headers: dict[str, str]) -> bool:
    length = headers.get("content-length", "")
    most = LARGE // MOST_GZIP_MAKES if headers.get("content-encoding") else LARGE
    return not length.isdecimal() or int(length) > most


def _trigger(told: TriggeredBy | None) -> Trigger:
    if told is None:
        return Trigger()
    return Trigger(_cut(told.type) or CONTROL_PLANE, *map(_cut, (told.session_id, told.user_id, told.email)))


def _cut(text: str | None, most: int = MOST_TEXT) -> str:
    return (text or "")[:most]


def _read(decoder: msgspec.json.Decoder[T], told: msgspec.Raw) -> T | None:
    try:
        return decoder.decode(told)
    except msgspec.DecodeError:
        return None


def _told(finished_at: datetime | None) -> datetime | None:
    # Agents in the field send the year 1 for no time; a time of no zone says nothing, either.
    if finished_at is None or finished_at.year == NO_YEAR or finished_at.tzinfo is None:
        return None
    return finished_at
