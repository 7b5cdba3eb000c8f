"""The meshes of Domains: ranges, addresses, generations, and the turn that orders changes of membership."""

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Protocol

from plexsphere.fleet.domain.node import NodeKind
from plexsphere.fleet.domain.pair_key import PairKeys
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.mesh_range import MeshRange


@dataclass(frozen=True, slots=True)
class MeshRecord:
    """A mesh as stored; with `log_denied` its nodes note the packets they refuse."""

    keys: PairKeys
    revision: int
    log_denied: bool = True


class Meshes(Protocol):
    """One mesh for each Domain."""

    async def open(self, domain_id: DomainId, mesh_range: MeshRange, /, *, log_denied: bool = True) -> None:
        """Open a Domain's mesh, with a new random base for its pair keys."""
        ...

    async def note_denied(self, domain_id: DomainId, /, *, log_denied: bool) -> None:
        """Keep whether the mesh's nodes note the packets they refuse, within the turn."""
        ...

    async def get(self, domain_id: DomainId, /) -> MeshRecord | None:
        """Return a Domain's mesh."""
        ...

    async def take_turn(self, domain_id: DomainId, /) -> int:
        """
        Wait for the turn to change who is in the mesh or who sees whom; return the revision of the change.

        The turn lasts until the unit of work ends, so that such changes of one Domain commit one after another.

        Raises:
            DomainNotFound: there is no mesh.
        """
        ...

    async def take_address(self, domain_id: DomainId, kind: NodeKind, /) -> IPv4Address:
        """
        Take a free address, within the turn.

        Raises:
            AddressPoolExhausted: none is free.
        """
        ...

    async def change_range(self, domain_id: DomainId, mesh_range: MeshRange, /) -> None:
        """
        Give the mesh another range.

        Raises:
            MeshRangeInUse: an address is in use or cooling down.
        """
        ...

    async def close(self, domain_id: DomainId, /) -> None:
        """End a Domain's mesh, with everything it held."""
        ...
