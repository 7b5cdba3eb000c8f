"""API tokens: what operators and their machines authenticate with."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from plexsphere.identity.domain.errors import InvalidApiToken
from plexsphere.identity.domain.principal import OperatorPrincipal
from plexsphere.platform.kernel.ids import PrincipalId, TokenId
from plexsphere.platform.kernel.secret import Secret

ENVIRONMENTS: Final = ("dev", "stage", "prod")
DEFAULT_TTL_SECONDS: Final = 90 * 86_400
LONGEST_TTL_SECONDS: Final = 31_536_000
ROTATION_GRACE: Final = timedelta(hours=24)
MOST_PER_PRINCIPAL: Final = 200


@dataclass(frozen=True, slots=True)
class ApiToken:
    """An API token as it is listed: everything but its secret. A rotated one lives on until `expires_at`."""

    id: TokenId
    principal_id: PrincipalId
    env_prefix: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    rotated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class IssuedApiToken:
    """A new token with its text, which is shown this once."""

    token: ApiToken
    plaintext: Secret[str]


@dataclass(frozen=True, slots=True)
class RotatedApiToken:
    """The token that takes over, its text, and when the old one stops working."""

    token: ApiToken
    plaintext: Secret[str]
    rotation_deadline: datetime


@dataclass(frozen=True, slots=True)
class ApiTokenTerms:
    """
    What a new token is issued for; the lifetime is in seconds.

    Raises:
        InvalidApiToken: an unknown environment, or a lifetime outside 1 to 31,536,000.
    """

    env_prefix: str
    ttl_seconds: int = DEFAULT_TTL_SECONDS

    def __post_init__(self) -> None:
        if self.env_prefix not in ENVIRONMENTS:
            raise InvalidApiToken("env_prefix")
        if not 1 <= self.ttl_seconds <= LONGEST_TTL_SECONDS:
            raise InvalidApiToken("ttl_seconds")


@dataclass(frozen=True, slots=True)
class ApiTokenProof:
    """What the store knows of a live token: whom it proves, by which text, and for how many seconds more."""

    principal: OperatorPrincipal
    secret_sha256: bytes
    seconds_left: float

    def is_proven_by(self, text_digest: bytes) -> bool:
        """Say, in constant time, whether the text with this digest is the token."""
        return hmac.compare_digest(self.secret_sha256, text_digest)
