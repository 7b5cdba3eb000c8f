"""Use case: enrol a machine (plexd.md, Registration; design D8, D10)."""

from collections.abc import Mapping
from dataclasses import dataclass

from plexsphere.fleet.application.crowd_watch import CrowdWatch
from plexsphere.fleet.application.mesh_views import sighted
from plexsphere.fleet.application.take_turn import TakeTurn, Turn
from plexsphere.fleet.domain.hostname import Hostname, hostname
from plexsphere.fleet.domain.metadata import facts
from plexsphere.fleet.domain.node import Node, Reachability
from plexsphere.fleet.domain.public_key import PublicKey
from plexsphere.fleet.domain.sight_change import rules_rows
from plexsphere.fleet.ports.admission import Admission, Admitted, AdmittedAgain, Credentials
from plexsphere.fleet.ports.capabilities import Capabilities
from plexsphere.fleet.ports.event_signer import EventSigner
from plexsphere.fleet.ports.manifests import Manifests
from plexsphere.fleet.ports.meshes import Meshes
from plexsphere.fleet.ports.nodes import Nodes
from plexsphere.fleet.ports.sight import Sight
from plexsphere.fleet.ports.views import Views
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.events import Announcement, Announcements, EventType, Frame, SubjectKind
from plexsphere.platform.kernel.ids import MintsIds, NodeId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a machine sends; `capabilities` is JSON text, or empty."""

    token: Secret[str]
    public_key: str
    hostname: str
    facts: Mapping[str, str]
    capabilities: bytes = b""


@dataclass(frozen=True, slots=True)
class Registered:
    """What the machine is told, once; `peers` is a JSON array and holds pair keys."""

    node: Node
    credentials: Credentials
    signing_public_key: str
    peers: Secret[str]
    is_first: bool


@dataclass(frozen=True, slots=True)
class RegisterNode:
    """
    Redeem the token, give the node its place in the mesh and its credentials, and let everybody who may see it know.

    All of it commits together or not at all, so that a refusal never burns the token. A machine whose answer was
    lost may ask again until its first authenticated call (design D10).
    """

    unit_of_work: UnitOfWork
    admission: Admission
    take_turn: TakeTurn
    meshes: Meshes
    nodes: Nodes
    capabilities: Capabilities
    manifests: Manifests
    views: Views
    sight: Sight
    signer: EventSigner
    crowds: CrowdWatch
    announcements: Announcements
    clock: Clock
    mint_id: MintsIds

    async def __call__(self, enrolment: Enrolment) -> Registered:
        """
        Return what the machine is told.

        Raises:
            InvalidPublicKey, InvalidHostname, InvalidMetadata: before the token is looked at.
            TokenInvalid, HostnameTaken, PublicKeyTaken, AddressPoolExhausted: nothing changed.
            InvalidManifest, InvalidSandbox: nothing changed either.
        """
        key = PublicKey.parse(enrolment.public_key)
        name = hostname(enrolment.hostname)
        said = facts(enrolment.facts)
        async with self.unit_of_work():
            node_id = NodeId(self.mint_id())
            admitted = await self.admission.redeem(enrolment.token, node_id, key, name)
            if isinstance(admitted, AdmittedAgain):
                return await self._again(admitted)
            turn = await self.take_turn(admitted.domain_id)
            node = await self._place(node_id, admitted, key, name, said)
            await self._store(node, turn, enrolment.capabilities)
            credentials = await self.admission.give(admitted, node.id, key, name)
            seen = self.sight.would_see(node.domain_id, sighted(node))
            peers = turn.view.peers(node, seen)
            self.crowds.note(node.domain_id, node.id, len(seen))
            self.announcements.announce(self._rows(node, seen))
        return self._told(node, credentials, peers, is_first=True)

    async def _place(
        self, node_id: NodeId, admitted: Admitted, key: PublicKey, name: Hostname, said: Mapping[str, str]
    ) -> Node:
        return Node(
            domain_id=admitted.domain_id,
            id=node_id,
            project_id=admitted.project_id,
            kind=admitted.kind,
            name=name,
            hostname=name,
            public_key=key,
            mesh_ip=await self.meshes.take_address(admitted.domain_id, admitted.kind),
            endpoint="",
            nat_type="",
            psk_epoch=1,
            metadata=admitted.labels,
            facts=said,
            version=1,
            reachability=Reachability.NEVER_REPORTED,
            created_at=self.clock.now(),
            first_offset=self.views.position(admitted.domain_id),
        )

    async def _store(self, node: Node, turn: Turn, capabilities: bytes) -> None:
        await self.nodes.add(node, turn.revision)
        if capabilities:
            at = node.created_at
            project_id = await self.capabilities.put(node.domain_id, node.id, capabilities, at)
            await self.manifests.hand_on(node.domain_id, project_id, node.id, capabilities, at)

    async def _again(self, admitted: AdmittedAgain) -> Registered:
        turn = await self.take_turn(admitted.domain_id)
        credentials = await self.admission.renew(admitted.domain_id, admitted.node_id)
        node = turn.view.node(admitted.node_id)
        if node is None:
            # Identity ends with the node, in one transaction: a renewed identity without a node cannot be.
            raise RuntimeError("a node identity outlived its node")
        peers = turn.view.peers(node, self.sight.peers_of(node.domain_id, node.id))
        return self._told(node, credentials, peers, is_first=False)

    def _rows(self, node: Node, seen: frozenset[NodeId]) -> list[Announcement]:
        recompiled = self.sight.would_change(node.domain_id, sighted(node)).recompiled
        return [_arrival(node), *rules_rows(node.domain_id, node.id, recompiled - seen - {node.id})]

    def _told(self, node: Node, credentials: Credentials, peers: str, *, is_first: bool) -> Registered:
        return Registered(node, credentials, self.signer.keys().current, Secret(peers), is_first)


def _arrival(node: Node) -> Announcement:
    frames = (Frame(EventType.PEER_ADDED, node.id), Frame(EventType.POLICY_UPDATED, node.id))
    return Announcement(node.domain_id, SubjectKind.NODE, node.id, frames, recipients=None)
