"""A member follows its event stream."""

from collections.abc import Callable
from contextlib import aclosing

from plexd.node.demand import Demand
from plexd.protocol.events.happenings import Delivered, Discarded, Happening, Interrupted, Opened, PollDue
from plexd.protocol.events.payloads import Payload
from plexd.protocol.events.position import Position
from plexd.protocol.events.reader import EventReader
from plexd.simulate.member import Member
from plexd.simulate.order import Order, OrderCheck

Meet = Callable[[Demand, Payload | None], None]


class Following:
    """Takes in every happening of one member's stream and passes on what it demands."""

    __slots__ = ("_meet", "_member", "_order", "_reader")

    def __init__(self, member: Member, meet: Meet) -> None:
        self._member = member
        self._meet = meet
        self._order = OrderCheck()
        self._reader = EventReader(
            lambda last: member.channel.events(last, idle_seconds=member.pace.idle),
            member.verifier,
            member.timing,
            poll_interval=member.pace.reconcile,
        )

    @property
    def last_event_id(self) -> str | None:
        """The id of the last whole frame."""
        return self._reader.last_event_id

    async def __call__(self) -> None:
        """
        Follow for ever.

        Raises:
            Unauthorized: the credential is dead.
        """
        try:
            async with aclosing(self._reader.happenings()) as happenings:
                async for happening in happenings:
                    self._take_in(happening)
        finally:
            self._member.is_streaming = False

    def _take_in(self, happening: Happening) -> None:
        match happening:
            case Opened(reconnected):
                self._opened(reconnected)
            case Delivered():
                self._delivered(happening)
            case Discarded(reason, event_id, frame_id):
                self._member.counters.rejected[reason] += 1
                self._count(frame_id, event_id)
            case Interrupted():
                self._member.is_streaming = False
                self._member.counters.interruptions += 1
            case PollDue():
                self._meet(Demand.RECONCILE, None)
        self._member.waiters.notify()

    def _opened(self, reconnected: bool) -> None:
        self._member.is_streaming = True
        if reconnected:
            self._member.counters.reconnects += 1
            self._meet(Demand.RECONCILE, None)

    def _delivered(self, delivered: Delivered) -> None:
        self._member.counters.verified += 1
        self._count(delivered.frame_id, delivered.event.event_id)
        position = Position.parse(delivered.frame_id or "")
        payload = delivered.event.payload
        demand = self._member.knowledge.apply(payload, position.offset if position else None)
        self._member.changed()
        self._meet(demand, payload)

    def _count(self, frame_id: str | None, event_id: str) -> None:
        counters = self._member.counters
        counters.frames += 1
        order = self._order.judge(frame_id, event_id)
        counters.redelivered += order is Order.REDELIVERED
        counters.disordered += order is Order.DISORDERED
