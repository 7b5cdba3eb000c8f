"""A doorkeeper in memory, whose tokens a rolled-back unit of work leaves unspent."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from plexsphere.fleet.domain.errors import NodeNotFound, TokenInvalid
from plexsphere.fleet.domain.hostname import Hostname
from plexsphere.fleet.domain.node import NodeKind
from plexsphere.fleet.domain.public_key import PublicKey
from plexsphere.fleet.ports.admission import Admitted, AdmittedAgain, Credentials
from plexsphere.platform.kernel.ids import DomainId, NodeId, TokenId
from plexsphere.platform.kernel.secret import Secret
from tests.support.fleet import DOMAIN, PROJECT, FleetStore, FleetUnitOfWork

Applicant = tuple[PublicKey, Hostname]


@dataclass
class Door:
    """What the doorkeeper knows: good tokens, whom each admitted, and how often a node's credentials were drawn."""

    good: frozenset[str] = frozenset()
    admitted: dict[str, tuple[NodeId, Applicant]] = field(default_factory=dict)
    drawn: dict[NodeId, int] = field(default_factory=dict)

    def copy(self) -> "Door":
        return Door(self.good, dict(self.admitted), dict(self.drawn))


class MemoryAdmission:
    """Answers fleet's port `Admission`."""

    def __init__(self, *good: str, labels: dict[str, str] | None = None) -> None:
        self.door = Door(frozenset(good))
        self.asked: Final[list[str]] = []
        self._labels: Final = labels or {}

    async def redeem(
        self, token: Secret[str], node_id: NodeId, public_key: PublicKey, hostname: Hostname, /
    ) -> Admitted | AdmittedAgain:
        self.asked.append("redeem")
        text, applicant = token.reveal(), (public_key, hostname)
        known = self.door.admitted.get(text)
        if known is not None and known[1] == applicant and known[0] in self.door.drawn:
            return AdmittedAgain(DOMAIN, known[0])
        if known is not None or text not in self.door.good:
            raise TokenInvalid
        self.door.admitted[text] = (node_id, applicant)
        return Admitted(DOMAIN, PROJECT, NodeKind.NODE, self._labels, TokenId(UUID(int=1)))

    async def give(
        self, admitted: Admitted, node_id: NodeId, public_key: PublicKey, hostname: Hostname, /
    ) -> Credentials:
        return self._draw(node_id)

    async def renew(self, domain_id: DomainId, node_id: NodeId, /) -> Credentials:
        return self._draw(node_id)

    async def end(self, domain_id: DomainId, node_id: NodeId, /) -> None:
        self.asked.append("end")
        if self.door.drawn.pop(node_id, None) is None:
            raise NodeNotFound(node_id)

    def _draw(self, node_id: NodeId) -> Credentials:
        number = self.door.drawn[node_id] = self.door.drawn.get(node_id, 0) + 1
        return Credentials(Secret(f"token {number}"), Secret(f"key {number}"))


class GuardedUnitOfWork:
    """A unit of work of fleet's fakes that rolls the doorkeeper back as well; counts how often it was entered."""

    def __init__(self, store: FleetStore, admission: MemoryAdmission) -> None:
        self._inner: Final = FleetUnitOfWork(store)
        self._admission: Final = admission
        self.entered = 0

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[None]:
        before = self._admission.door.copy()
        self.entered += 1
        try:
            async with self._inner():
                yield
        except BaseException:
            self._admission.door = before
            raise
