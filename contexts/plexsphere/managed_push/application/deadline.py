"""How long a cluster may take for everything that one request asks of it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from plexsphere.managed_push.domain.errors import ClusterUnreachable

TOTAL_SECONDS: Final = 10.0
# A write that was not answered by then is read back once in what is left.
READ_BACK_SECONDS: Final = 2.5
PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 0.8
# Longer than a writer may take for everything: nobody settles the write of one who is still at it.
LEASE: Final = timedelta(seconds=15)


@asynccontextmanager
async def within_deadline() -> AsyncGenerator[None]:
    """
    Do what asks a cluster without writing to it.

    Raises:
        ClusterUnreachable: it is not over within 10 s.
    """
    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            yield
    except TimeoutError as error:
        raise ClusterUnreachable from error
