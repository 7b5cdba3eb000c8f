"""Whoever wrote relations hears of it once the mirror repeats them."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from plexsphere.identity.application.await_mirror import AwaitMirror
from plexsphere.identity.domain.authorization_errors import AuthzUnavailable
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable, UnitOfWork

LOG: Final = logging.getLogger("plexsphere.mirror")


@dataclass(frozen=True, slots=True)
class MirroredUnitOfWork:
    """
    A unit of work that is left once what it committed is mirrored, or after 2 s (design D12).

    For the outermost block alone: the mirror is awaited after the commit, with no transaction open. What is committed
    stands, so a mirror that is late is no error of this request; every check answers 503 until it has caught up.
    """

    unit_of_work: UnitOfWork
    await_mirror: AwaitMirror

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[None]:
        async with self.unit_of_work():
            yield
        try:
            await self.await_mirror()
        except (AuthzUnavailable, StoreUnavailable) as error:
            LOG.warning("relations are written but not mirrored yet (%s)", type(error).__name__)
