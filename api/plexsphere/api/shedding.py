"""What is refused first when there is more to do than can be done (design D6)."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from plexsphere.api import catalogue
from plexsphere.api.gate import Gate
from plexsphere.api.problem import Refusal
from plexsphere.platform.telemetry.traffic import Traffic

AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]


class Work(Enum):
    """Kinds of work in the order in which they are refused; heartbeats and open streams never are."""

    OPERATOR = "operator"
    STATE = "state"
    STREAM = "stream"


# Seconds by which the loop may be late, time after time, before a kind of work is refused in part.
LATENESS: Final = {Work.OPERATOR: 0.1, Work.STATE: 0.2, Work.STREAM: 0.5}
# Late once is a hiccup of the machine; late this often in a row is a queue that stands.
LOOKS: Final = 3
LESS: Final = 0.7
MORE: Final = 0.05
LEAST: Final = 0.02
# A process that is late finds no time to learn that no credential was revoked; then it looks up every one, and is later
# still. What looks are left go to heartbeats.
MOST_LOOKUPS: Final = 32
MOST_IN_HAND: Final = {Work.OPERATOR: 256, Work.STATE: 1_024}
RETRY_AFTER: Final = {Work.OPERATOR: "2", Work.STATE: "5", Work.STREAM: "5"}
# However fast a flood is, each of its connections asks twice a second.
HELD_SECONDS: Final = 0.5
ALWAYS_ANSWERED: Final = frozenset({"/health", "/v1/health"})
REGISTER: Final = "/v1/register"


class Shedding:
    """
    Lets a share of each kind of work in: less while the loop is late, more again once it is not.

    The share falls by a third with each look that finds a standing queue, and grows by a twentieth with each that
    finds none, so that what is let in stays about what can be done, and what is refused is refused at once.
    """

    def __init__(self, traffic: Traffic) -> None:
        self._traffic: Final = traffic
        self._late: Final[deque[float]] = deque(maxlen=LOOKS)
        self._share: Final = dict.fromkeys(Work, 1.0)
        self._due: Final = dict.fromkeys(Work, 1.0)
        self._in_hand: Final = dict.fromkeys(MOST_IN_HAND, 0)

    def observe(self, seconds_late: float) -> None:
        """Take note of how late the loop was, and that it has turned; to be called some twenty times a second."""
        self._late.append(seconds_late)
        standing = min(self._late) if len(self._late) == LOOKS else 0.0
        for work, bound in LATENESS.items():
            if standing > bound:
                self._share[work] = max(LEAST, self._share[work] * LESS)
            elif seconds_late <= bound:
                self._share[work] = min(1.0, self._share[work] + MORE)

    def require_room(self, work: Work) -> None:
        """
        Let one more piece of work in.

        Raises:
            Refusal: `overloaded`.
        """
        share = self._share[work]
        if share >= 1.0:
            return
        if self._due[work] < 1.0:
            self._due[work] += share
            self._refuse(work)
        self._due[work] -= 1.0 - share

    def require_lookup(self) -> None:
        """
        Let one more credential be looked up, for anything but a heartbeat or a stream.

        Raises:
            Refusal: `overloaded`.
        """
        if self._traffic.lookups_in_hand >= MOST_LOOKUPS:
            self._refuse(Work.STATE)

    async def held(self, work: Work, answering: Callable[[], Awaitable[None]]) -> None:
        """
        Have a piece of work done that waits for others, unless too many are waiting.

        Raises:
            Refusal: `overloaded`.
        """
        self.require_room(work)
        if self._in_hand[work] >= MOST_IN_HAND[work]:
            self._refuse(work)
        self._in_hand[work] += 1
        try:
            await answering()
        finally:
            self._in_hand[work] -= 1

    def _refuse(self, work: Work) -> None:
        if work is Work.OPERATOR:
            self._traffic.shed_operator += 1
        elif work is Work.STATE:
            self._traffic.shed_state += 1
        else:
            self._traffic.shed_stream += 1
        raise Refusal(catalogue.OVERLOADED, headers={"Retry-After": RETRY_AFTER[work]})


@dataclass(frozen=True, slots=True)
class Unhurried:
    """
    The router, behind what may be refused: it answers operators, registrations, and what is asked about the process.

    A machine that wants to register ranks with nodes that ask for their state; questions about health are answered
    always, else an overloaded process would be taken for a dead one and ended. Who is known to have no call left is
    told so before anything else, and not at once: his flood is no reason to refuse others.
    """

    router: AsgiApp
    shedding: Shedding
    gate: Gate

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or path in ALWAYS_ANSWERED:
            await self.router(scope, receive, send)
            return
        try:
            self.gate.require_left(scope)
        except Refusal:
            await asyncio.sleep(HELD_SECONDS)
            raise
        work = Work.STATE if path == REGISTER else Work.OPERATOR
        await self.shedding.held(work, lambda: self.router(scope, receive, send))
