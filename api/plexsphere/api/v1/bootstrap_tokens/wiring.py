"""What this surface needs from outside, in its own words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.api.paging import Page, PageRequest
from plexsphere.platform.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class BootstrapTerms:
    """What a token is wished for; the labels become the machine's metadata."""

    kind: str
    env_prefix: str
    ttl_seconds: int
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class IssuedBootstrap:
    """A new token and its text, to be shown this once."""

    id: UUID
    plaintext: Secret[str]
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class BootstrapView:
    """A token without its secret."""

    id: UUID
    project_id: UUID
    kind: str
    env_prefix: str
    labels: Mapping[str, str]
    issued_at: datetime
    issued_by: UUID
    expires_at: datetime
    consumed_at: datetime | None
    revoked_at: datetime | None


class BootstrapTokens(Protocol):
    """The application behind the surface; every mutation writes its audit row, or does not happen."""

    async def issue(
        self, permitted: Permitted, project_id: UUID, terms: BootstrapTerms, /
    ) -> IssuedBootstrap:
        """
        Let the Project admit one machine.

        Raises:
            Refusal: invalid_bootstrap_token, project_not_found.
        """
        ...

    async def page(
        self, permitted: Permitted, project_id: UUID, wanted: PageRequest, /
    ) -> Page[BootstrapView]:
        """
        Return a page of the Project's tokens in the order of issue.

        Raises:
            Refusal: project_not_found.
        """
        ...

    async def get(self, permitted: Permitted, project_id: UUID, token_id: UUID, /) -> BootstrapView:
        """
        Return one.

        Raises:
            Refusal: bootstrap_token_not_found.
        """
        ...

    async def revoke(self, permitted: Permitted, project_id: UUID, token_id: UUID, /) -> None:
        """
        Let the token admit nobody any more.

        Raises:
            Refusal: bootstrap_token_not_found, bootstrap_token_spent.
        """
        ...
