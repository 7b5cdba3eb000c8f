"""Bodies of the surface."""

from datetime import datetime
from typing import Annotated, Final, Self
from uuid import UUID

import msgspec
from msgspec import Meta

from plexsphere.api.body import BodyRule
from plexsphere.api.v1.bootstrap_tokens.wiring import BootstrapTerms, BootstrapView, IssuedBootstrap

# Documented here, enforced by the domain, whose refusal has a name of its own.
Kind = Annotated[str, Meta(extra_json_schema={"enum": ["node", "bridge"]})]
EnvPrefix = Annotated[str, Meta(extra_json_schema={"pattern": "^[a-z]+$", "maxLength": 32})]
TtlSeconds = Annotated[int, Meta(extra_json_schema={"minimum": 300, "maximum": 86400})]
Labels = Annotated[
    dict[str, str],
    Meta(description="Become the machine's metadata.", extra_json_schema={"maxProperties": 64}),
]


class BootstrapTokenIssue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new bootstrap token."""

    kind: Kind = "node"
    env_prefix: EnvPrefix = "prod"
    ttl_seconds: TtlSeconds = 3600
    labels: Labels = msgspec.field(default_factory=dict)

    def terms(self) -> BootstrapTerms:
        """Return what the token is wished for."""
        return BootstrapTerms(self.kind, self.env_prefix, self.ttl_seconds, self.labels)


class IssuedBootstrapToken(msgspec.Struct, frozen=True):
    """A new token; `token` is shown this once."""

    token_id: UUID
    token: str
    issued_at: datetime
    expires_at: datetime

    def __repr__(self) -> str:
        return f"IssuedBootstrapToken(token_id={self.token_id})"

    @classmethod
    def of(cls, issued: IssuedBootstrap) -> Self:
        """Show the token and its text."""
        return cls(issued.id, issued.plaintext.reveal(), issued.issued_at, issued.expires_at)


class BootstrapToken(msgspec.Struct, frozen=True, omit_defaults=True):
    """A token without its secret."""

    id: UUID
    project_id: UUID
    kind: str
    env_prefix: str
    issued_at: datetime
    expires_at: datetime
    issued_by_user_id: UUID
    labels: dict[str, str]
    consumed_at: datetime | None = None
    revoked_at: datetime | None = None

    @classmethod
    def of(cls, view: BootstrapView) -> Self:
        """Show the token."""
        return cls(
            id=view.id,
            project_id=view.project_id,
            kind=view.kind,
            env_prefix=view.env_prefix,
            issued_at=view.issued_at,
            expires_at=view.expires_at,
            issued_by_user_id=view.issued_by,
            labels=dict(view.labels),
            consumed_at=view.consumed_at,
            revoked_at=view.revoked_at,
        )


class BootstrapTokenList(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page."""

    items: list[BootstrapToken]
    next_cursor: str | None = None


ISSUE: Final = BodyRule(msgspec.json.Decoder(BootstrapTokenIssue))
