"""Actions, acknowledged and answered as an agent would (plexd.md, Execution Flow & Callback)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from math import isinf
from typing import Final

from plexd.protocol.client.persistence import persistently
from plexd.protocol.durations import parse_duration, print_seconds
from plexd.protocol.instants import print_instant
from plexd.protocol.messages.executions import Acknowledgement, ActionRequest, ExecutionResult, TriggeredBy
from plexd.simulate.duty import Spawn
from plexd.simulate.member import Member

KNOWN_EXECUTIONS: Final = 1024
CALLBACK_LONGEST: Final = 300.0
EXPIRED: Final = "expired"
CANCELLED: Final = "cancelled"
TIMEOUT: Final = "timeout"
KILLED: Final = 137


@dataclass(frozen=True, slots=True)
class Outcome:
    """What running an action for so many `seconds` comes to; `rejection` says why it is not run at all."""

    status: str = "success"
    exit_code: int = 0
    stdout: str = ""
    stderr: str = ""
    rejection: str = ""
    seconds: float = 0.0


Perform = Callable[[ActionRequest], Outcome]
Work = Callable[[ActionRequest], Awaitable[Outcome]]


def succeed(request: ActionRequest) -> Outcome:
    """Run nothing and say that it went well."""
    return Outcome(stdout=f"simulated {request.action}\n")


class Executions:
    """
    Runs each execution id once, however often and on whichever way it is asked for.

    What has expired is rejected; what is not wanted any more when it is taken up is not run; what is cancelled
    while it runs is stopped, and what runs longer than it may is killed. Of the actions that `works` holds nothing is
    simulated but who runs them: they take what they take, and end as they end.
    """

    __slots__ = ("_cancelled", "_known", "_member", "_perform", "_spawn", "_works")

    def __init__(
        self, member: Member, perform: Perform, spawn: Spawn, works: Mapping[str, Work] | None = None
    ) -> None:
        self._member = member
        self._perform = perform
        self._spawn = spawn
        self._works = works or {}
        self._known: dict[str, None] = {}
        self._cancelled: dict[str, asyncio.Event] = {}

    def accept(self, request: ActionRequest) -> None:
        """Begin the execution unless it is known."""
        if self._is_known(request.execution_id):
            return
        self._member.counters.requests += 1
        self._cancelled[request.execution_id] = asyncio.Event()
        self._spawn(lambda: self._take(request))

    def cancel(self, execution_id: str) -> None:
        """Stop the execution where it runs; one that was not asked for yet is not begun any more."""
        if self._is_known(execution_id) and execution_id in self._cancelled:
            self._cancelled[execution_id].set()

    def _is_known(self, execution_id: str) -> bool:
        if execution_id in self._known:
            return True
        self._known[execution_id] = None
        if len(self._known) > KNOWN_EXECUTIONS:
            del self._known[next(iter(self._known))]
        return False

    async def _take(self, request: ActionRequest) -> None:
        try:
            with self._member.attempt():
                await self._answer(request)
        finally:
            del self._cancelled[request.execution_id]

    async def _answer(self, request: ActionRequest) -> None:
        counters = self._member.counters
        outcome = self._considered(request)
        proceed = await self._acknowledge(request, outcome.rejection)
        if outcome.rejection:
            counters.rejections += 1
        elif not proceed:
            counters.unwanted += 1
        else:
            work = self._works.get(request.action)
            done = self._run(request, outcome) if work is None else _worked(work, request)
            await self._report(request, await done)
            counters.executions += 1

    def _considered(self, request: ActionRequest) -> Outcome:
        if request.expires_at is not None and request.expires_at <= self._member.timing.clock.now():
            return Outcome(rejection=EXPIRED)
        return self._perform(request)

    async def _run(self, request: ActionRequest, outcome: Outcome) -> Outcome:
        longest = _seconds(request.timeout)
        if await self._lasts(request.execution_id, min(outcome.seconds, longest)):
            self._member.counters.cancellations += 1
            return Outcome(CANCELLED, KILLED)
        return Outcome(TIMEOUT, KILLED, seconds=longest) if outcome.seconds > longest else outcome

    async def _lasts(self, execution_id: str, seconds: float) -> bool:
        # True where it was cancelled meanwhile.
        cancelled = self._cancelled[execution_id]
        if seconds > 0 and not cancelled.is_set():
            ends = [
                asyncio.ensure_future(self._member.timing.sleep(seconds)),
                asyncio.ensure_future(cancelled.wait()),
            ]
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for end in ends:
                    end.cancel()
        return cancelled.is_set()

    async def _acknowledge(self, request: ActionRequest, rejection: str) -> bool:
        status = "rejected" if rejection else "accepted"
        told = Acknowledgement(request.execution_id, status, rejection)
        return await persistently(
            lambda: self._member.channel.acknowledge(told), self._member.timing, longest=CALLBACK_LONGEST
        )

    async def _report(self, request: ActionRequest, outcome: Outcome) -> None:
        result = ExecutionResult(
            execution_id=request.execution_id,
            status=outcome.status,
            exit_code=outcome.exit_code,
            stdout=outcome.stdout,
            stderr=outcome.stderr,
            duration=print_seconds(outcome.seconds),
            finished_at=print_instant(self._member.timing.clock.now()),
            triggered_by=request.triggered_by or TriggeredBy(),
        )
        await persistently(
            lambda: self._member.channel.report_result(result), self._member.timing, longest=CALLBACK_LONGEST
        )


async def _worked(work: Work, request: ActionRequest) -> Outcome:
    longest = _seconds(request.timeout)
    try:
        async with asyncio.timeout(None if isinf(longest) else longest):
            return await work(request)
    except TimeoutError:
        return Outcome(TIMEOUT, KILLED, seconds=longest)


def _seconds(timeout: str) -> float:
    try:
        return parse_duration(timeout).total_seconds()
    except ValueError:
        return float("inf")
