"""Storage of API tokens; the store's own time decides what is alive."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Protocol

from plexsphere.identity.domain.api_token import ApiToken, ApiTokenProof
from plexsphere.platform.kernel.ids import PrincipalId, TokenId


class ApiTokens(Protocol):
    """The collection of API tokens. A live one is neither revoked nor expired."""

    async def add(
        self,
        token_id: TokenId,
        principal_id: PrincipalId,
        env_prefix: str,
        lifetime: timedelta,
        secret_sha256: bytes,
    ) -> ApiToken:
        """
        Keep a new token, which lives from now for `lifetime`.

        Raises:
            IdentityNotFound: no such principal.
            TooManyApiTokens: the principal holds as many live tokens as one may.
        """
        ...

    async def get(self, token_id: TokenId) -> ApiToken | None:
        """Return the live token, or None."""
        ...

    async def of(self, principal_id: PrincipalId) -> tuple[ApiToken, ...]:
        """Return the principal's live tokens, oldest first."""
        ...

    async def proof(self, token_id: TokenId) -> ApiTokenProof | None:
        """Return what proves the live token, or None."""
        ...

    async def revoke(self, principal_id: PrincipalId, token_id: TokenId) -> bool:
        """Revoke the principal's token once; say whether there was such a live token."""
        ...

    async def retire(
        self, principal_id: PrincipalId, token_id: TokenId, grace: timedelta
    ) -> tuple[ApiToken, datetime] | None:
        """
        Mark the principal's live token rotated once: it dies after `grace`, or earlier if it would have.

        Returns the token as it was and the time of its death; None if there is no such token to rotate.
        """
        ...

    async def mark_used(self, token_ids: Collection[TokenId]) -> None:
        """Note a use of each token now, unless one was noted within the last minute."""
        ...
