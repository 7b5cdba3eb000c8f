"""A Domain: one tenant with a mesh of its own."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from plexsphere.identity.domain.errors import EmptyPatch, InvalidDomain, SlugImmutable
from plexsphere.identity.domain.naming import is_prose, is_slug, is_title
from plexsphere.identity.domain.reachability_policy import ReachabilityPolicy
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.mesh_range import DEFAULT_MESH_RANGE, MeshRange

NAME_MAX: Final = 255
DESCRIPTION_MAX: Final = 1024


@dataclass(frozen=True, slots=True)
class Domain:
    """
    A tenant; `region` None means that it is pinned nowhere, `log_denied` that its nodes note the packets they refuse.

    Raises:
        InvalidDomain: a field breaks its rule.
    """

    id: DomainId
    slug: str
    name: str
    mesh_range: MeshRange
    created_at: datetime
    updated_at: datetime
    description: str = ""
    region: str | None = None
    reachability: ReachabilityPolicy = field(default_factory=ReachabilityPolicy)
    accept_nsk_bearer: bool = False
    log_denied: bool = True

    def __post_init__(self) -> None:
        for name, holds in [
            ("slug", is_slug(self.slug)),
            ("name", is_title(self.name, NAME_MAX)),
            ("description", is_prose(self.description, DESCRIPTION_MAX)),
            ("region", self.region is None or is_slug(self.region)),
        ]:
            if not holds:
                raise InvalidDomain(name)


@dataclass(frozen=True, slots=True)
class DomainDraft:
    """What a new Domain shall be; the mesh range is text such as `10.100.0.0/16`."""

    slug: str
    name: str
    mesh_cidr: str = DEFAULT_MESH_RANGE
    description: str = ""
    region: str | None = None
    reachability: ReachabilityPolicy = field(default_factory=ReachabilityPolicy)
    accept_nsk_bearer: bool = False
    log_denied: bool = True

    def drawn(self, domain_id: DomainId, at: datetime) -> Domain:
        """
        Return the Domain.

        Raises:
            InvalidDomain: a field breaks its rule.
        """
        return Domain(
            id=domain_id,
            slug=self.slug,
            name=self.name,
            mesh_range=parse_mesh_range(self.mesh_cidr),
            created_at=at,
            updated_at=at,
            description=self.description,
            region=self.region,
            reachability=self.reachability,
            accept_nsk_bearer=self.accept_nsk_bearer,
            log_denied=self.log_denied,
        )


@dataclass(frozen=True, slots=True)
class DomainChanges:
    """What a patch names; None leaves a field alone, an empty region unpins the Domain."""

    slug: str | None = None
    name: str | None = None
    mesh_cidr: str | None = None
    description: str | None = None
    region: str | None = None
    reachability: ReachabilityPolicy | None = None
    accept_nsk_bearer: bool | None = None
    log_denied: bool | None = None

    def applied_to(self, domain: Domain, at: datetime) -> Domain:
        """
        Return the Domain as it shall be.

        Raises:
            InvalidDomain: a field breaks its rule.
        """
        return replace(
            domain,
            name=_unless_none(self.name, domain.name),
            mesh_range=domain.mesh_range if self.mesh_cidr is None else parse_mesh_range(self.mesh_cidr),
            description=_unless_none(self.description, domain.description),
            region=domain.region if self.region is None else self.region or None,
            reachability=self.reachability or domain.reachability,
            accept_nsk_bearer=(
                domain.accept_nsk_bearer if self.accept_nsk_bearer is None else self.accept_nsk_bearer
            ),
            log_denied=domain.log_denied if self.log_denied is None else self.log_denied,
            updated_at=at,
        )

    def require_some(self) -> None:
        """
        Refuse what no patch may be.

        Raises:
            SlugImmutable: it names the slug.
            EmptyPatch: it names nothing.
        """
        if self.slug is not None:
            raise SlugImmutable
        if self == DomainChanges():
            raise EmptyPatch


def parse_mesh_range(text: str) -> MeshRange:
    """
    Read a mesh range.

    Raises:
        InvalidDomain: not an IPv4 network of a size a mesh can have.
    """
    try:
        return MeshRange.parse(text)
    except ValueError as error:
        raise InvalidDomain("mesh_cidr") from error


def _unless_none(wanted: str | None, standing: str) -> str:
    return standing if wanted is None else wanted
