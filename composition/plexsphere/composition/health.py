"""How the process fares, for the meta surface."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Final
from uuid import UUID

from plexsphere.api.v1.meta.wiring import Check, HealthStatus, Version
from plexsphere.identity.domain.authorization_errors import AuthzUnavailable
from plexsphere.identity.ports.authorizer import Authorizer
from plexsphere.platform.db.database import Database
from plexsphere.platform.db.schema_state import SchemaBeyond, require_unbroken
from plexsphere.platform.events.lag import SequencerLag
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, Reference
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable

ASK_SECONDS: Final = 2.0
LATE_SECONDS: Final = 2.0
KEPT_SECONDS: Final = 1.0
DISTRIBUTION: Final = "plexsphere"
NOBODY: Final = Reference("user", str(UUID(int=1)))

Question = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class ProcessHealth:
    """
    Answers the meta surface's port `Health`; every question is one that its dependency must answer.

    Anybody may ask, and the questions take connections that heartbeats are written by: they are asked once a second
    at most, however many want to know.
    """

    questions: Mapping[str, Question]
    build: Version
    sequencer_lag: SequencerLag
    clock: Clock
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _told: HealthStatus | None = None
    _told_at: float = 0.0

    async def ready(self) -> HealthStatus:
        """Tell how every dependency answers, or answered within the last second."""
        async with self._asking:
            if self._told is None or self.clock.monotonic() - self._told_at >= KEPT_SECONDS:
                self._told = await self._ask()
                self._told_at = self.clock.monotonic()
            return self._told

    async def _ask(self) -> HealthStatus:
        """
        Ask every dependency one question, all at once, for at most 2 s.

        Events that wait for their offset are told and make nothing unready: heartbeats and changes go on, and every
        process would be unready at once.
        """
        asked = [_check(name, question) for name, question in self.questions.items()]
        checks = await asyncio.gather(*asked)
        is_ready = all(check.status == "ok" for check in checks)
        return HealthStatus("ok" if is_ready else "down", [*checks, _sequencing(self.sequencer_lag)])

    def version(self) -> Version:
        return self.build


async def _check(name: str, question: Question) -> Check:
    try:
        async with asyncio.timeout(ASK_SECONDS):
            await question()
    except (AuthzUnavailable, StoreUnavailable, TimeoutError):
        return Check(name, "down", "away")
    except SchemaBeyond:
        return Check(name, "down", "needs a newer version")
    return Check(name, "ok", "answers")


def _sequencing(lag: SequencerLag) -> Check:
    if lag.oldest_seconds < LATE_SECONDS:
        return Check("sequencer", "ok", "keeps up")
    return Check("sequencer", "late", f"committed events wait for {lag.oldest_seconds:.0f} s")


def question_to(database: Database) -> Question:
    """Return the question whether the database answers."""

    async def ask() -> None:
        async with database.connection() as connection:
            await connection.execute("SELECT 1")

    return ask


def question_about_schema(database: Database) -> Question:
    """Return the question whether the schema still serves this version, or was contracted for newer ones."""
    return lambda: require_unbroken(database)


def question_about(authorizer: Authorizer) -> Question:
    """Return the question whether permissions can be told, the mirror caught up included."""
    return lambda: authorizer.check(NOBODY, "manage", PLATFORM_OBJECT)


def build_version() -> Version:
    """Return the version of the installed distribution."""
    return Version(version(DISTRIBUTION), "", "")
