"""Where the rig's clients live: two servers, whoever answers, and how many operations are in flight."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from plexsphere.platform.kernel.secret import Secret
from tests.crash.journal import Journal, Outcome
from tests.support.raw_http import RawAnswer, bearer, call

PAUSE_SECONDS: Final = 0.03
PATIENCE_SECONDS: Final = 90.0
SAID: Final = 120
LOST: Final = (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError)


class Town:
    """
    Two addresses that may answer, and a gate: deeds begin only while it is open.

    An answer of None says nothing about what became of the operation.
    """

    def __init__(self, base_urls: Sequence[str], operator: Secret[str], journal: Journal) -> None:
        self.base_urls: Final = base_urls
        self.journal: Final = journal
        self.statuses: Final[dict[int, int]] = {}
        self.in_flight = 0
        self._operator: Final = operator
        self._gate: Final = asyncio.Event()
        self._idle: Final = asyncio.Event()
        self._idle.set()

    @property
    def is_open(self) -> bool:
        return self._gate.is_set()

    def open(self) -> None:
        """Let deeds begin."""
        self._gate.set()

    async def close(self) -> None:
        """Let no further deed begin, and wait for those that have begun."""
        self._gate.clear()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._idle.wait()

    @asynccontextmanager
    async def deed(self) -> AsyncGenerator[None]:
        """Be in flight for as long as the block lasts, once the gate is open."""
        await self._gate.wait()
        self.in_flight += 1
        self._idle.clear()
        try:
            yield
        finally:
            self.in_flight -= 1
            if not self.in_flight:
                self._idle.set()

    async def ask(
        self,
        chance: random.Random,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        token: str | None = None,
        expected: Sequence[int] = (200, 201, 204),
    ) -> RawAnswer | None:
        """Ask either server, as the operator unless another token, or an empty one, is given."""
        credential = self._operator.reveal() if token is None else token
        octets = None if body is None else json.dumps(body).encode()
        try:
            answer = await call(
                chance.choice(self.base_urls),
                method,
                path,
                octets,
                bearer(credential) if credential else None,
            )
        except LOST:
            await asyncio.sleep(PAUSE_SECONDS)
            return None
        return await self._judged(answer, method, path, expected)

    async def _judged(
        self, answer: RawAnswer, method: str, path: str, expected: Sequence[int]
    ) -> RawAnswer | None:
        self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
        if answer.status in expected:
            return answer
        if answer.status in (503, 429):
            if not answer.header("retry-after"):
                self.journal.faults.append(f"{method} {path}: {answer.status} without Retry-After")
            await asyncio.sleep(PAUSE_SECONDS)
            return None
        self.journal.faults.append(f"{method} {path}: {answer.status}, {answer.body[:SAID]!r}")
        return None


def outcome_of(answer: RawAnswer | None) -> Outcome:
    """Return what the answer says about the operation; a refusal changed nothing."""
    if answer is None:
        return Outcome.UNKNOWN
    return Outcome.DONE if answer.status < 300 else Outcome.REFUSED
