"""What this surface needs from outside, in its own words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.subjects import Reference


@dataclass(frozen=True, slots=True)
class TokenTerms:
    """What a token is wished for; a lifetime of None is the default one."""

    env_prefix: str
    ttl_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token without its secret."""

    id: UUID
    env_prefix: str
    last_used_at: datetime | None
    created_at: datetime
    expires_at: datetime
    rotated_at: datetime | None


@dataclass(frozen=True, slots=True)
class MintedToken:
    """A new token and its text, to be shown this once."""

    id: UUID
    plaintext: Secret[str]
    env_prefix: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SuccessorToken:
    """The token that takes over, and when the old one stops working."""

    minted: MintedToken
    rotation_deadline: datetime


class ApiTokens(Protocol):
    """
    The application behind the surface; every mutation writes its audit row, or does not happen.

    `owner` is the principal whose token it is.
    """

    async def governor(self, owner: Reference, /) -> Reference | None:
        """Return the object whose managers act on the principal's tokens, or None for no such principal."""
        ...

    async def owner_of(self, token_id: UUID, /) -> Reference | None:
        """Return whose live token it is, or None."""
        ...

    async def mint(self, permitted: Permitted, owner: Reference, terms: TokenTerms, /) -> MintedToken:
        """
        Give the principal a token.

        Raises:
            Refusal: identity_not_found, too_many_tokens, invalid_body.
        """
        ...

    async def list_of(self, permitted: Permitted, owner: Reference, /) -> Sequence[TokenView]:
        """Return the principal's live tokens, the oldest first."""
        ...

    async def revoke(self, permitted: Permitted, owner: Reference, token_id: UUID, /) -> None:
        """
        Make the principal's token worthless.

        Raises:
            Refusal: token_not_found.
        """
        ...

    async def rotate(self, permitted: Permitted, owner: Reference, token_id: UUID, /) -> SuccessorToken:
        """
        Give a successor to the principal's token.

        Raises:
            Refusal: token_not_found, too_many_tokens.
        """
        ...
