"""Bodies of the surface."""

from datetime import datetime
from typing import Annotated, Final, Self
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from plexsphere.api.body import BodyRule
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.domains import problems
from plexsphere.api.v1.domains.durations import read_seconds, write_seconds
from plexsphere.api.v1.domains.wiring import (
    DomainChange,
    DomainView,
    NewDomain,
    ReachabilityView,
    ReachabilityWish,
)

# Documented here, enforced by the domain, whose refusals have names of their own.
Name = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": 255})]
Slug = Annotated[str, Meta(extra_json_schema={"pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 64})]
Region = Annotated[str, Meta(extra_json_schema={"pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 64})]
Description = Annotated[str, Meta(extra_json_schema={"maxLength": 1024})]
MeshCidr = Annotated[
    str,
    Meta(
        description="An IPv4 network from /8 to /29.",
        extra_json_schema={"pattern": r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$"},
    ),
]
Duration = Annotated[
    str,
    Meta(
        description="A duration in whole seconds, such as `30s`, `5m` or `1h30m`.",
        extra_json_schema={"pattern": "^([0-9]{1,9}[hms])+$", "maxLength": 32},
    ),
]


class ReachabilityBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The intervals of a new reachability policy: the other two, where given, are 3 and 10 times the first."""

    heartbeat_interval: Duration
    stale_after: Duration | UnsetType = UNSET
    unreachable_after: Duration | UnsetType = UNSET

    def wish(self) -> ReachabilityWish:
        """
        Return the intervals in seconds.

        Raises:
            Refusal: `invalid_reachability_policy`.
        """
        return ReachabilityWish(
            _seconds(self.heartbeat_interval),
            None if self.stale_after is UNSET else _seconds(self.stale_after),
            None if self.unreachable_after is UNSET else _seconds(self.unreachable_after),
        )


class DomainCreate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new Domain; with `log_denied` its nodes note the packets they refuse."""

    name: Name
    slug: Slug
    mesh_cidr: MeshCidr | None = None
    description: Description = ""
    region: Region | None = None
    reachability: ReachabilityBody | None = None
    accept_nsk_bearer: bool = False
    log_denied: bool = True

    def wish(self) -> NewDomain:
        """
        Return the Domain as wished.

        Raises:
            Refusal: `invalid_reachability_policy`.
        """
        return NewDomain(
            name=self.name,
            slug=self.slug,
            mesh_cidr=self.mesh_cidr,
            description=self.description,
            region=self.region,
            reachability=self.reachability.wish() if self.reachability else None,
            accept_nsk_bearer=self.accept_nsk_bearer,
            log_denied=self.log_denied,
        )


class DomainPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What changes; a null `description` empties it, a null `region` unpins the Domain."""

    slug: str | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    mesh_cidr: MeshCidr | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    region: Region | UnsetType | None = UNSET
    reachability: ReachabilityBody | UnsetType = UNSET
    accept_nsk_bearer: bool | UnsetType = UNSET
    log_denied: bool | UnsetType = UNSET

    def change(self) -> DomainChange:
        """
        Return what the patch names.

        Raises:
            Refusal: `invalid_reachability_policy`.
        """
        return DomainChange(
            slug=_given(self.slug),
            name=_given(self.name),
            mesh_cidr=_given(self.mesh_cidr),
            description=_cleared(self.description),
            region=_cleared(self.region),
            reachability=None if self.reachability is UNSET else self.reachability.wish(),
            accept_nsk_bearer=None if self.accept_nsk_bearer is UNSET else self.accept_nsk_bearer,
            log_denied=None if self.log_denied is UNSET else self.log_denied,
        )


class Reachability(msgspec.Struct, frozen=True):
    """When a silent node counts as stale, and when as unreachable."""

    heartbeat_interval: str
    stale_after: str
    unreachable_after: str

    @classmethod
    def of(cls, view: ReachabilityView) -> Self:
        """Show the intervals."""
        return cls(
            write_seconds(view.heartbeat_interval),
            write_seconds(view.stale_after),
            write_seconds(view.unreachable_after),
        )


class Domain(msgspec.Struct, frozen=True, omit_defaults=True):
    """A Domain; `region` is left out while it is pinned nowhere."""

    id: UUID
    name: str
    slug: str
    mesh_cidr: str
    description: str
    reachability: Reachability
    accept_nsk_bearer: bool
    log_denied: bool
    created_at: datetime
    updated_at: datetime
    region: str | None = None

    @classmethod
    def of(cls, view: DomainView) -> Self:
        """Show the Domain."""
        return cls(
            id=view.id,
            name=view.name,
            slug=view.slug,
            mesh_cidr=view.mesh_cidr,
            description=view.description,
            reachability=Reachability.of(view.reachability),
            accept_nsk_bearer=view.accept_nsk_bearer,
            log_denied=view.log_denied,
            created_at=view.created_at,
            updated_at=view.updated_at,
            region=view.region,
        )


class DomainList(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page; `empty_reason` says that there were rows, none of which the caller may see."""

    items: list[Domain]
    next_cursor: str | None = None
    empty_reason: str | None = None


CREATE: Final = BodyRule(msgspec.json.Decoder(DomainCreate))
PATCH: Final = BodyRule(msgspec.json.Decoder(DomainPatch))


def _seconds(text: str) -> int:
    try:
        return read_seconds(text)
    except ValueError:
        raise Refusal(problems.INVALID_REACHABILITY_POLICY) from None


def _given(value: str | UnsetType) -> str | None:
    return None if value is UNSET else value


def _cleared(value: str | UnsetType | None) -> str | None:
    return None if value is UNSET else value or ""
