"""What identity does when a machine enrols, comes back or leaves (design D8, D10)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from plexsphere.fleet.domain.hostname import Hostname
from plexsphere.fleet.domain.node import NodeKind
from plexsphere.fleet.domain.public_key import PublicKey
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId, TokenId
from plexsphere.platform.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class Admitted:
    """The token admits a new node, and is spent by it once the unit of work commits."""

    domain_id: DomainId
    project_id: ProjectId
    kind: NodeKind
    labels: Mapping[str, str]
    token_id: TokenId


@dataclass(frozen=True, slots=True)
class AdmittedAgain:
    """The same machine asks again for an answer that was lost; it is this node already."""

    domain_id: DomainId
    node_id: NodeId


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a node proves itself and opens its secrets with; shown once."""

    node_token: Secret[str]
    node_secret_key: Secret[str]


class Admission(Protocol):
    """The doorkeeper; every call joins the open unit of work."""

    async def redeem(
        self, token: Secret[str], node_id: NodeId, public_key: PublicKey, hostname: Hostname, /
    ) -> Admitted | AdmittedAgain:
        """
        Spend a bootstrap token on a node.

        Raises:
            TokenInvalid: it admits nobody, or not this machine.
        """
        ...

    async def give(
        self, admitted: Admitted, node_id: NodeId, public_key: PublicKey, hostname: Hostname, /
    ) -> Credentials:
        """Give a new node its credentials."""
        ...

    async def renew(self, domain_id: DomainId, node_id: NodeId, /) -> Credentials:
        """Give a node new credentials and make the old ones void."""
        ...

    async def end(self, domain_id: DomainId, node_id: NodeId, /) -> None:
        """
        Make a node's credentials void for good.

        Raises:
            NodeNotFound: it has none that live.
        """
        ...
