"""Bodies of the surface."""

from datetime import datetime
from typing import Annotated, Final, Literal, Self
from uuid import UUID

import msgspec
from msgspec import Meta

from plexsphere.api.body import BodyRule
from plexsphere.api.callers import Caller
from plexsphere.api.v1.api_tokens.identity_ref import PATTERN, kind_of
from plexsphere.api.v1.api_tokens.wiring import MintedToken, SuccessorToken, TokenTerms, TokenView

IdentityRef = Annotated[str, Meta(pattern=PATTERN)]
EnvPrefix = Literal["dev", "stage", "prod"]
TtlSeconds = Annotated[int, Meta(ge=1, le=31_536_000)]


class TokenCreate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new token; without `ttl_seconds` it lives for 90 days."""

    identity_ref: IdentityRef
    env_prefix: EnvPrefix
    ttl_seconds: TtlSeconds | None = None

    def terms(self) -> TokenTerms:
        """Return what the token is wished for."""
        return TokenTerms(self.env_prefix, self.ttl_seconds)


class ApiToken(msgspec.Struct, frozen=True, omit_defaults=True):
    """A token without its secret."""

    id: UUID
    env_prefix: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    rotated_at: datetime | None = None

    @classmethod
    def of(cls, view: TokenView) -> Self:
        """Show the token."""
        return cls(
            view.id, view.env_prefix, view.created_at, view.expires_at, view.last_used_at, view.rotated_at
        )


class CreatedApiToken(msgspec.Struct, frozen=True):
    """A new token; `plaintext` is shown this once."""

    id: UUID
    plaintext: str
    env_prefix: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"CreatedApiToken(id={self.id})"

    @classmethod
    def of(cls, minted: MintedToken) -> Self:
        """Show the token and its text."""
        return cls(minted.id, minted.plaintext.reveal(), minted.env_prefix, minted.expires_at)


class RotatedApiToken(msgspec.Struct, frozen=True):
    """The token that takes over; the old one works until `rotation_deadline`."""

    id: UUID
    plaintext: str
    env_prefix: str
    expires_at: datetime
    rotation_deadline: datetime

    def __repr__(self) -> str:
        return f"RotatedApiToken(id={self.id})"

    @classmethod
    def of(cls, successor: SuccessorToken) -> Self:
        """Show the successor and its text."""
        minted = successor.minted
        return cls(
            minted.id,
            minted.plaintext.reveal(),
            minted.env_prefix,
            minted.expires_at,
            successor.rotation_deadline,
        )


class Whoami(msgspec.Struct, frozen=True, omit_defaults=True):
    """The caller."""

    principal_type: Literal["user", "service"]
    principal_scope: Literal["domain", "platform"]
    subject: str
    domain_id: UUID | None = None

    @classmethod
    def of(cls, caller: Caller) -> Self:
        """Show the caller."""
        return cls(
            principal_type="user" if kind_of(caller.subject) == "user" else "service",
            principal_scope="domain" if caller.domain_id else "platform",
            subject=str(caller.subject),
            domain_id=caller.domain_id,
        )


CREATE: Final = BodyRule(msgspec.json.Decoder(TokenCreate))
