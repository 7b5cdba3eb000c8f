"""When API tokens were last used, as far as anybody can say cheaply."""

import asyncio
from contextlib import suppress
from typing import Final, NoReturn

from plexsphere.identity.ports.api_tokens import ApiTokens
from plexsphere.platform.kernel.ids import TokenId
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable

FLUSH_EVERY_SECONDS: Final = 5.0
MOST_NOTED: Final = 10_000


class ApiTokenUses:
    """Gathers uses in memory and writes them down together; best effort, never on a request's own time."""

    def __init__(self, api_tokens: ApiTokens) -> None:
        self._api_tokens = api_tokens
        self._noted: set[TokenId] = set()

    def note(self, token_id: TokenId) -> None:
        """Remember that the token was used, unless far too many are remembered already."""
        if len(self._noted) < MOST_NOTED:
            self._noted.add(token_id)

    async def flush(self) -> None:
        """
        Write down what was noted.

        Raises:
            StoreUnavailable: nothing was written; these uses are forgotten.
        """
        noted, self._noted = self._noted, set()
        if noted:
            await self._api_tokens.mark_used(noted)

    async def watch(self) -> NoReturn:
        """Write down uses every few seconds until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_EVERY_SECONDS)
            # A use that was not written down costs nobody anything.
            with suppress(StoreUnavailable):
                await self.flush()
