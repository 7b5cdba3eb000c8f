"""Puts the planned failures into connections that are not opened yet."""

import asyncio
import logging
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from psycopg import AsyncConnection, AsyncTransaction, OperationalError
from psycopg.rows import TupleRow

from plexsphere.composition.failpoints.places import AFTER_COMMIT, BEFORE, BEFORE_COMMIT, BEHIND
from plexsphere.composition.failpoints.plan import Deed, Failure, plan_of
from plexsphere.composition.failpoints.rehearsal import require_rehearsal
from plexsphere.composition.settings import Settings
from plexsphere.platform.db.database import AT_ONE_INSTANT
from plexsphere.platform.db.pool import Pool

LOG: Final = logging.getLogger("plexsphere.failpoints")


class Failpoints:
    """Counts how often each place was passed, and does there what is planned."""

    def __init__(self, plan: Mapping[str, Failure]) -> None:
        self._plan: Final = plan
        self._passed: Final[Counter[str]] = Counter()

    async def reach(self, place: str | None) -> None:
        """
        Pass a place, or fail there.

        Raises:
            OperationalError: as when the connection is lost there.
        """
        failure = self._plan.get(place or "")
        if failure is None:
            return
        self._passed[failure.place] += 1
        if _is_due(failure, self._passed[failure.place]):
            await _do(failure)


def weave(settings: Settings, environ: Mapping[str, str], pools: Mapping[str, Pool]) -> None:
    """
    Let every connection that these pools open from now on fail as the settings plan it.

    Raises:
        SettingsError: the plan cannot be read, or goes with settings of production.
    """
    plan = plan_of(settings.failpoints)
    require_rehearsal(settings, environ)
    failpoints = Failpoints(plan)
    for name, pool in pools.items():
        pool.connection_class = _woven(name, failpoints)
    LOG.warning("this process fails on purpose at %s", ", ".join(sorted(plan)))


def _is_due(failure: Failure, passed: int) -> bool:
    if failure.nth is not None:
        return passed == failure.nth
    return failure.percent is None or random.randrange(100) < failure.percent


async def _do(failure: Failure) -> None:
    if failure.deed is Deed.KILL:
        os.kill(os.getpid(), signal.SIGKILL)
    if failure.deed is Deed.ERROR:
        raise OperationalError(f"failpoint {failure.place}")
    await asyncio.sleep(failure.seconds)


def _woven(pool: str, failpoints: Failpoints) -> type[AsyncConnection[TupleRow]]:
    class WovenConnection(AsyncConnection[TupleRow]):
        """A connection that passes the places of its pool."""

        is_snapshot = False

        @asynccontextmanager
        async def transaction(
            self, savepoint_name: str | None = None, force_rollback: bool = False
        ) -> AsyncGenerator[AsyncTransaction]:
            self.is_snapshot = False
            async with super().transaction(savepoint_name, force_rollback) as transaction:
                yield transaction
                if not self.is_snapshot:
                    await failpoints.reach(f"{pool}.{BEFORE_COMMIT}")
            if not self.is_snapshot:
                await failpoints.reach(f"{pool}.{AFTER_COMMIT}")

        async def execute(self, query: Any, params: Any = None, **named: Any) -> Any:
            # A statement that is composed is no constant of a module, and so no place.
            text = query if isinstance(query, str) else ""
            self.is_snapshot = self.is_snapshot or text == AT_ONE_INSTANT
            await failpoints.reach(BEFORE.get(text))
            cursor = await super().execute(query, params, **named)
            await failpoints.reach(BEHIND.get(text))
            return cursor

    return WovenConnection
