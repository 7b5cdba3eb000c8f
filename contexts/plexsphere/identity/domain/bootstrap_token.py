"""Bootstrap tokens: each admits one machine (plexd.md, Registration; design D10)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from plexsphere.identity.domain.errors import InvalidBootstrapToken
from plexsphere.identity.domain.naming import is_title
from plexsphere.platform.kernel.ids import DomainId, NodeId, PrincipalId, ProjectId, TokenId
from plexsphere.platform.kernel.secret import Secret

TTL_SECONDS: Final = (300, 86_400)
DEFAULT_TTL_SECONDS: Final = 3600
LOST_ANSWER_WINDOW: Final = timedelta(minutes=10)
MOST_LABELS: Final = 64
LABEL_VALUE_MAX: Final = 255

_ENV_PREFIX: Final = re.compile(r"[a-z]{1,32}", re.ASCII)
_LABEL_KEY: Final = re.compile(r"[A-Za-z0-9._/-]{1,63}", re.ASCII)


class BootstrapTokenKind(StrEnum):
    """What kind of machine a token admits."""

    NODE = "node"
    BRIDGE = "bridge"


@dataclass(frozen=True, slots=True)
class BootstrapTokenTerms:
    """
    What a new token is issued for; the labels become the node's metadata (design D16).

    Raises:
        InvalidBootstrapToken: a term breaks its rule.
    """

    kind: str = BootstrapTokenKind.NODE
    env_prefix: str = "prod"
    ttl_seconds: int = DEFAULT_TTL_SECONDS
    labels: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shortest, longest = TTL_SECONDS
        for name, holds in [
            ("kind", self.kind in BootstrapTokenKind.__members__.values()),
            ("env_prefix", _ENV_PREFIX.fullmatch(self.env_prefix) is not None),
            ("ttl_seconds", shortest <= self.ttl_seconds <= longest),
            ("labels", len(self.labels) <= MOST_LABELS and all(map(_is_label, self.labels.items()))),
        ]:
            if not holds:
                raise InvalidBootstrapToken(name)


@dataclass(frozen=True, slots=True)
class BootstrapToken:
    """A bootstrap token as it is listed: everything but its secret."""

    id: TokenId
    domain_id: DomainId
    project_id: ProjectId
    kind: BootstrapTokenKind
    env_prefix: str
    labels: Mapping[str, str]
    issued_at: datetime
    issued_by: PrincipalId
    expires_at: datetime
    consumed_at: datetime | None = None
    consumed_by: NodeId | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class IssuedBootstrapToken:
    """A new token with its text, which is shown this once."""

    token: BootstrapToken
    plaintext: Secret[str]


def _is_label(label: tuple[str, str]) -> bool:
    key, value = label
    return _LABEL_KEY.fullmatch(key) is not None and (not value or is_title(value, LABEL_VALUE_MAX))
