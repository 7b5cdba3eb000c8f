"""Fetch the state, put right what differs, report it (plexd.md, Reconciliation Details)."""

from collections.abc import Callable

from plexd.protocol.errors import Unreadable
from plexd.protocol.instants import print_instant
from plexd.protocol.keys.errors import BadKeyError
from plexd.protocol.messages.executions import ActionRequest
from plexd.protocol.messages.state import Correction, DriftReport, NotModified, Snapshot
from plexd.simulate.member import Member


class Reconcile:
    """Reconciles one member; what it corrects the first time is a beginning, not drift."""

    __slots__ = ("_execute", "_member", "is_reconciled")

    def __init__(self, member: Member, execute: Callable[[ActionRequest], None]) -> None:
        self._member = member
        self._execute = execute
        self.is_reconciled = False

    async def __call__(self) -> None:
        """
        Make the view what the control plane wants; a failed call is counted and the next interval tries again.

        Raises:
            Unauthorized: the credential is dead.
        """
        member = self._member
        with member.attempt():
            corrections = await self._correct()
            if corrections and self.is_reconciled:
                await self._report(corrections)
            self.is_reconciled = True

    async def _correct(self) -> tuple[Correction, ...]:
        knowledge = self._member.knowledge
        knowledge.expect_snapshot()
        try:
            answer = await self._member.channel.state(knowledge.seen_offset)
            self._member.counters.states += 1
            return self._take_in(answer)
        finally:
            knowledge.no_snapshot()

    def _take_in(self, answer: Snapshot | NotModified) -> tuple[Correction, ...]:
        if isinstance(answer, NotModified):
            self._member.counters.states_unchanged += 1
            return ()
        try:
            corrections = self._member.knowledge.reconcile(answer)
        except BadKeyError as cause:
            raise Unreadable("a state with a broken signing key") from cause
        for request in answer.state.pending_actions:
            self._execute(request)
        self._member.changed()
        return corrections

    async def _report(self, corrections: tuple[Correction, ...]) -> None:
        now = print_instant(self._member.timing.clock.now())
        await self._member.channel.report_drift(DriftReport(now, corrections))
        self._member.counters.corrections += len(corrections)
