"""Actions, acknowledged and answered as an agent would (plexd.md, Execution Flow & Callback)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from plexd.protocol.client.persistence import persistently
from plexd.protocol.durations import print_seconds
from plexd.protocol.instants import print_instant
from plexd.protocol.messages.executions import Acknowledgement, ActionRequest, ExecutionResult, TriggeredBy
from plexd.simulate.duty import Spawn
from plexd.simulate.member import Member

KNOWN_EXECUTIONS: Final = 1024
CALLBACK_LONGEST: Final = 300.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What running an action came to; `rejection` says why it was not run at all."""

    status: str = "success"
    exit_code: int = 0
    stdout: str = ""
    stderr: str = ""
    rejection: str = ""


Perform = Callable[[ActionRequest], Outcome]


def succeed(request: ActionRequest) -> Outcome:
    """Run nothing and say that it went well."""
    return Outcome(stdout=f"simulated {request.action}\n")


class Executions:
    """Runs each execution id once, however often it is asked for."""

    __slots__ = ("_known", "_member", "_perform", "_spawn")

    def __init__(self, member: Member, perform: Perform, spawn: Spawn) -> None:
        self._member = member
        self._perform = perform
        self._spawn = spawn
        self._known: dict[str, None] = {}

    def accept(self, request: ActionRequest) -> None:
        """Begin the execution unless it is known."""
        if request.execution_id in self._known:
            return
        self._known[request.execution_id] = None
        if len(self._known) > KNOWN_EXECUTIONS:
            del self._known[next(iter(self._known))]
        self._spawn(lambda: self._run(request))

    async def _run(self, request: ActionRequest) -> None:
        with self._member.attempt():
            outcome = self._perform(request)
            await self._acknowledge(request, outcome.rejection)
            if not outcome.rejection:
                await self._report(request, outcome)
            self._member.counters.executions += 1

    async def _acknowledge(self, request: ActionRequest, rejection: str) -> None:
        status = "rejected" if rejection else "accepted"
        told = Acknowledgement(request.execution_id, status, rejection)
        await persistently(
            lambda: self._member.channel.acknowledge(told), self._member.timing, longest=CALLBACK_LONGEST
        )

    async def _report(self, request: ActionRequest, outcome: Outcome) -> None:
        result = ExecutionResult(
            execution_id=request.execution_id,
            status=outcome.status,
            exit_code=outcome.exit_code,
            stdout=outcome.stdout,
            stderr=outcome.stderr,
            duration=print_seconds(0.0),
            finished_at=print_instant(self._member.timing.clock.now()),
            triggered_by=request.triggered_by or TriggeredBy(),
        )
        await persistently(
            lambda: self._member.channel.report_result(result), self._member.timing, longest=CALLBACK_LONGEST
        )
