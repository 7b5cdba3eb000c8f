"""Bodies of the surface."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from plexsphere.api.body import BodyRule
from plexsphere.api.v1.identities.wiring import IdentityView, NewServiceIdentity

# Documented here, enforced by the domain, whose refusal has a name of its own.
DisplayName = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": 256})]
Subject = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": 2048})]
Audience = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": 256})]
FederationKind = Annotated[str, Meta(extra_json_schema={"enum": ["oidc_cc", "spiffe_svid", "api_token"]})]
Kind = Literal["user", "service-identity"]

KINDS: Final = ("user", "service-identity")


class ServiceIdentityCreate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new service identity."""

    display_name: DisplayName
    subject: Subject
    audience: Audience
    federation_kind: FederationKind

    def wish(self) -> NewServiceIdentity:
        """Return the service identity as wished."""
        return NewServiceIdentity(self.display_name, self.subject, self.audience, self.federation_kind)


class IdentitySummary(msgspec.Struct, frozen=True):
    """A principal; the pseudonym stands for its external subject."""

    id: UUID
    kind: Kind
    domain_id: UUID
    display_name: str
    external_subject_pseudonym: str
    created_at: datetime


class IdentityDetail(IdentitySummary, frozen=True, omit_defaults=True):
    """A principal; the external subject is there for auditors of the Domain alone."""

    updated_at: datetime
    external_subject: str | None = None


class IdentityList(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page."""

    items: list[IdentitySummary]
    next_cursor: str | None = None


CREATE: Final = BodyRule(msgspec.json.Decoder(ServiceIdentityCreate))


def summary(view: IdentityView) -> IdentitySummary:
    """Show what every reader of the Domain may see."""
    return IdentitySummary(**_common(view))


def detail(view: IdentityView, *, for_auditor: bool) -> IdentityDetail:
    """Show a principal; who it is outside is for auditors."""
    external = view.external_subject if for_auditor else None
    return IdentityDetail(**_common(view), updated_at=view.updated_at, external_subject=external)


def _common(view: IdentityView) -> dict[str, Any]:
    return {
        "id": view.id,
        "kind": view.kind,
        "domain_id": view.domain_id,
        "display_name": view.display_name,
        "external_subject_pseudonym": view.external_subject_pseudonym,
        "created_at": view.created_at,
    }
