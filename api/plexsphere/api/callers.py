"""Who calls, and the proof that a permission was checked (design D4)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from uuid import UUID

from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.subjects import Reference


@dataclass(frozen=True, slots=True)
class Caller:
    """An operator, as a resolved principal: a user or a service identity, of one Domain or of the platform."""

    subject: Reference
    principal_id: UUID
    domain_id: DomainId | None


class CallingNode(NamedTuple):
    """A node, as its credential says; `name` is its id as paths have it."""

    domain_id: DomainId
    node_id: NodeId
    name: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the authorizer said."""

    allowed: bool
    reason: str = "insufficient_relation"
    relation_path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Permitted:
    """Proof that `caller` holds `permission` on `object`; only the gate makes one."""

    caller: Caller
    permission: str
    object: Reference
    relation: str = field(default="")


class AuthorizationAway(Exception):
    """Permissions cannot be checked: nothing is granted."""


class Operators(Protocol):
    """Resolves operators' credentials."""

    def cached(self, bearer: Secret[str], /) -> Caller | None:
        """Return whom a credential belongs to that was resolved under the current credential epoch (design D9)."""
        ...

    async def resolve(self, bearer: Secret[str], /) -> Caller | None:
        """
        Return whom the credential belongs to, or None when it is dead or unknown.

        Raises:
            StoreUnavailable: it cannot be told.
        """
        ...


class Nodes(Protocol):
    """Resolves nodes' credentials."""

    def cached(self, bearer: Secret[str], /) -> CallingNode | None:
        """Return whom a credential belongs to that was resolved under the current credential epoch (design D9)."""
        ...

    async def resolve(self, bearer: Secret[str], /) -> CallingNode | None:
        """
        Return whom the credential belongs to, or None when it is dead or unknown.

        Raises:
            StoreUnavailable: it cannot be told.
        """
        ...


class Permissions(Protocol):
    """Decides permissions."""

    async def decide(self, caller: Caller, permission: str, resource: Reference, /) -> Verdict:
        """
        Decide one permission, as granted at this moment.

        Raises:
            AuthorizationAway: it cannot be decided.
        """
        ...

    async def decide_each(
        self, caller: Caller, permission: str, resources: Sequence[Reference], /
    ) -> Sequence[bool | None]:
        """
        Decide a permission for each object of a page; what cannot be told is None, or missing at the end.

        Raises:
            AuthorizationAway: nothing can be decided.
        """
        ...


class Denials(Protocol):
    """Where a denial is written before it is answered."""

    async def denied(self, caller: Caller, relation: str, permission: str, resource: Reference, /) -> None:
        """Write the denial down; a burst of one caller's may be folded (design D33)."""
        ...
