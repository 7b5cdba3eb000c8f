"""Who can hold a grant: users and service identities."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from plexsphere.identity.domain.errors import InvalidServiceIdentity
from plexsphere.identity.domain.naming import is_title
from plexsphere.platform.kernel.ids import DomainId, PrincipalId, TokenId
from plexsphere.platform.kernel.subjects import Reference

DISPLAY_NAME_MAX: Final = 256
# An index entry must hold it, and OIDC subjects and SPIFFE ids are ASCII.
SUBJECT_MAX: Final = 2048
AUDIENCE_MAX: Final = 256


class PrincipalKind(StrEnum):
    """The two kinds, spelt as the authorizer's subject types."""

    USER = "user"
    SERVICE_IDENTITY = "service-identity"


class FederationKind(StrEnum):
    """How a service identity proves itself."""

    OIDC_CC = "oidc_cc"
    SPIFFE_SVID = "spiffe_svid"
    API_TOKEN = "api_token"  # noqa: S105 - the name of a kind


@dataclass(frozen=True, slots=True)
class Principal:
    """A user or a service identity; `domain_id` None is a principal of the platform itself."""

    id: PrincipalId
    domain_id: DomainId | None
    kind: PrincipalKind
    display_name: str
    created_at: datetime
    updated_at: datetime
    external_subject: str = ""
    audience: str = ""
    federation_kind: FederationKind = FederationKind.API_TOKEN

    @property
    def reference(self) -> Reference:
        """Return the principal as the authorizer knows it."""
        return Reference(self.kind, str(self.id))


@dataclass(frozen=True, slots=True)
class OperatorPrincipal:
    """Who an API token proved to be, and by which token."""

    id: PrincipalId
    domain_id: DomainId | None
    kind: PrincipalKind
    token_id: TokenId

    @property
    def reference(self) -> Reference:
        """Return the principal as the authorizer knows it."""
        return Reference(self.kind, str(self.id))


@dataclass(frozen=True, slots=True)
class Identity:
    """A principal as operators see it; the pseudonym stands for the external subject in 64 hex digits."""

    principal: Principal
    external_subject_pseudonym: str


@dataclass(frozen=True, slots=True)
class ServiceIdentityDraft:
    """What a new service identity shall be."""

    domain_id: DomainId
    display_name: str
    subject: str
    audience: str
    federation_kind: str

    def drawn(self, principal_id: PrincipalId, at: datetime) -> Principal:
        """
        Return the service identity.

        Raises:
            InvalidServiceIdentity: a field breaks its rule.
        """
        self._require_valid()
        return Principal(
            id=principal_id,
            domain_id=self.domain_id,
            kind=PrincipalKind.SERVICE_IDENTITY,
            display_name=self.display_name,
            created_at=at,
            updated_at=at,
            external_subject=self.subject,
            audience=self.audience,
            federation_kind=FederationKind(self.federation_kind),
        )

    def _require_valid(self) -> None:
        for name, holds in [
            ("display_name", is_title(self.display_name, DISPLAY_NAME_MAX)),
            ("subject", is_title(self.subject, SUBJECT_MAX) and self.subject.isascii()),
            ("audience", is_title(self.audience, AUDIENCE_MAX)),
            ("federation_kind", self.federation_kind in FederationKind.__members__.values()),
        ]:
            if not holds:
                raise InvalidServiceIdentity(name)
