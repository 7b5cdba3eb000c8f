"""Fakes for fleet: collections in memory over one state, with a unit of work that rolls it back."""

import json
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv4Address
from typing import Any, Final
from uuid import UUID

from plexsphere.fleet.domain.disruption import Census
from plexsphere.fleet.domain.drift import DriftReport
from plexsphere.fleet.domain.errors import (
    AddressPoolExhausted,
    DomainNotFound,
    HostnameTaken,
    MeshRangeInUse,
    NodeNotFound,
    PublicKeyTaken,
)
from plexsphere.fleet.domain.hostname import Hostname
from plexsphere.fleet.domain.liveness import Move, Patience, Standing
from plexsphere.fleet.domain.node import Node, NodeKind, Reachability
from plexsphere.fleet.domain.pair_key import PairKeys
from plexsphere.fleet.domain.public_key import PublicKey
from plexsphere.fleet.ports.capabilities import Capabilities
from plexsphere.fleet.ports.drift import MOST_REPORTS, Drift
from plexsphere.fleet.ports.heartbeats import Heartbeat, HeartbeatRecords, Recorded, ToldChecksum
from plexsphere.fleet.ports.liveness import ClockReading, Due, LastHeard, LivenessClock, Silences, Withheld
from plexsphere.fleet.ports.meshes import Meshes, MeshRecord
from plexsphere.fleet.ports.nodes import NodePage, Nodes
from plexsphere.fleet.ports.stream_claims import StreamClaims
from plexsphere.platform.kernel.audit import AuditEntry
from plexsphere.platform.kernel.events import Announcement
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId
from plexsphere.platform.kernel.mesh_range import MeshRange
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable, UnitOfWork
from tests.support.identity import EPOCH, FakeClock
from tests.support.memory_unit_of_work import MemoryUnitOfWork
from tests.support.stream_claims import MemoryStreamClaims

COOLDOWN: Final = timedelta(hours=1)
LONGEST_PAUSE: Final = 3601
DOMAIN: Final = DomainId(UUID(int=0xD0))
OTHER_DOMAIN: Final = DomainId(UUID(int=0xD1))
PROJECT: Final = ProjectId(UUID(int=0xE0))
OTHER_PROJECT: Final = ProjectId(UUID(int=0xE1))
NOBODY: Final = NodeId(UUID(int=0x404))


@dataclass(frozen=True)
class StoredMesh:
    """A mesh; `used` counts the addresses of each pool that were ever taken."""

    mesh_range: MeshRange
    base: bytes
    revision: int = 0
    used: tuple[tuple[str, int], ...] = ()
    log_denied: bool = True

    def pool_of(self, kind: NodeKind) -> str:
        apart = self.mesh_range.node_hosts != self.mesh_range.bridge_hosts
        return kind.value if apart else NodeKind.NODE.value

    def hosts_of(self, pool: str) -> range:
        return self.mesh_range.node_hosts if pool == "node" else self.mesh_range.bridge_hosts


@dataclass(frozen=True)
class StoredNode:
    """A node, the revision of its last change, and what only its row knows."""

    node: Node
    revision: int
    last_heartbeat_at: datetime | None = None
    binary_checksum: str = ""
    clock_skewed: bool = False
    last_tick: int = 0
    changed_at: datetime | None = None


@dataclass(frozen=True)
class StoredClock:
    """The clock of ticked time, its pauses by length, and until when each Domain's guard lets pass."""

    tick: int = 0
    beats: int = 0
    holder: UUID | None = None
    served: int = 0
    pauses: Mapping[int, int] = field(default_factory=dict)
    passes: Mapping[DomainId, int] = field(default_factory=dict)


@dataclass
class State:
    """Everything the fakes keep, as immutable values."""

    meshes: dict[DomainId, StoredMesh] = field(default_factory=dict)
    nodes: dict[NodeId, StoredNode] = field(default_factory=dict)
    released: dict[tuple[DomainId, IPv4Address], tuple[str, datetime]] = field(default_factory=dict)
    manifests: dict[NodeId, bytes] = field(default_factory=dict)
    drift: dict[NodeId, tuple[DriftReport, ...]] = field(default_factory=dict)
    announced: list[Announcement] = field(default_factory=list)
    clock: StoredClock = field(default_factory=StoredClock)

    def copy(self) -> "State":
        return State(
            dict(self.meshes),
            dict(self.nodes),
            dict(self.released),
            dict(self.manifests),
            dict(self.drift),
            list(self.announced),
            self.clock,
        )


class FleetStore:
    """The state, whether a unit of work is open, and whether what liveness asks cannot be reached."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock: Final = clock
        self.state = State()
        self.is_open = False
        self.is_away = False

    def reached(self) -> State:
        """Return the state, where the store can be reached."""
        if self.is_away:
            raise StoreUnavailable
        return self.state

    def live(self, domain_id: DomainId | None, node_id: NodeId) -> StoredNode | None:
        row = self.state.nodes.get(node_id)
        if row is None or row.node.removed_at or domain_id not in (None, row.node.domain_id):
            return None
        return row


class FleetUnitOfWork:
    """Rolls the state back unless the outermost block is left cleanly; none is opened while the store is away."""

    def __init__(self, store: FleetStore) -> None:
        self._store = store
        self._unit_of_work = MemoryUnitOfWork[State](store)

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[None]:
        if not self._store.is_open:
            self._store.reached()
        async with self._unit_of_work():
            yield


class MemoryAnnouncements:
    """What was announced, in order; refuses outside of a unit of work."""

    def __init__(self, store: FleetStore) -> None:
        self._store = store

    def announce(self, rows: Iterable[Announcement]) -> None:
        if not self._store.is_open:
            raise RuntimeError("no unit of work is open")
        self._store.state.announced += rows


class MemoryMeshes:
    """Meshes in memory."""

    def __init__(self, store: FleetStore) -> None:
        self._store = store

    async def open(self, domain_id: DomainId, mesh_range: MeshRange, /, *, log_denied: bool = True) -> None:
        base = sha256(domain_id.bytes).digest()
        self._store.state.meshes[domain_id] = StoredMesh(mesh_range, base, log_denied=log_denied)

    async def note_denied(self, domain_id: DomainId, /, *, log_denied: bool) -> None:
        mesh = self._store.state.meshes[domain_id]
        self._store.state.meshes[domain_id] = replace(mesh, log_denied=log_denied)

    async def get(self, domain_id: DomainId, /) -> MeshRecord | None:
        mesh = self._store.state.meshes.get(domain_id)
        return MeshRecord(PairKeys(1, Secret(mesh.base)), mesh.revision, mesh.log_denied) if mesh else None

    async def take_turn(self, domain_id: DomainId, /) -> int:
        mesh = self._store.state.meshes.get(domain_id)
        if mesh is None:
            raise DomainNotFound(domain_id)
        self._store.state.meshes[domain_id] = replace(mesh, revision=mesh.revision + 1)
        return mesh.revision + 1

    async def take_address(self, domain_id: DomainId, kind: NodeKind, /) -> IPv4Address:
        mesh = self._store.state.meshes[domain_id]
        pool = mesh.pool_of(kind)
        used = dict(mesh.used).get(pool, 0)
        hosts = mesh.hosts_of(pool)
        if used == len(hosts):
            return self._released(domain_id, pool)
        self._store.state.meshes[domain_id] = replace(
            mesh, used=tuple({**dict(mesh.used), pool: used + 1}.items())
        )
        return mesh.mesh_range.network[hosts[used]]

    async def change_range(self, domain_id: DomainId, mesh_range: MeshRange, /) -> None:
        state, now = self._store.state, self._store.clock.now()
        if any(row.node.domain_id == domain_id and not row.node.removed_at for row in state.nodes.values()):
            raise MeshRangeInUse(domain_id)
        if any(at > now for (domain, _), (_, at) in state.released.items() if domain == domain_id):
            raise MeshRangeInUse(domain_id)
        state.released = {key: row for key, row in state.released.items() if key[0] != domain_id}
        state.meshes[domain_id] = replace(state.meshes[domain_id], mesh_range=mesh_range, used=())

    async def close(self, domain_id: DomainId, /) -> None:
        state = self._store.state
        del state.meshes[domain_id]
        state.nodes = {key: row for key, row in state.nodes.items() if row.node.domain_id != domain_id}
        state.released = {key: row for key, row in state.released.items() if key[0] != domain_id}

    def _released(self, domain_id: DomainId, pool: str) -> IPv4Address:
        now = self._store.clock.now()
        free = [
            (at, address)
            for (domain, address), (owner, at) in self._store.state.released.items()
            if (domain, owner) == (domain_id, pool) and at <= now
        ]
        if not free:
            raise AddressPoolExhausted(domain_id)
        _, address = min(free)
        del self._store.state.released[domain_id, address]
        return address


class MemoryNodes:
    """Nodes in memory."""

    def __init__(self, store: FleetStore) -> None:
        self._store = store

    async def add(self, node: Node, revision: int, /) -> None:
        others = [other for other in await self.all_of(node.domain_id) if other.id != node.id]
        if any(other.hostname == node.hostname for other in others):
            raise HostnameTaken
        if any(other.public_key == node.public_key for other in others):
            raise PublicKeyTaken
        self._store.state.nodes[node.id] = StoredNode(node, revision)

    async def get(self, domain_id: DomainId, node_id: NodeId, /) -> Node | None:
        row = self._store.live(domain_id, node_id)
        return row.node if row else None

    async def find(self, node_id: NodeId, /) -> Node | None:
        row = self._store.live(None, node_id)
        return row.node if row else None

    async def page(self, domain_id: DomainId | None, after: NodeId | None, limit: int, /) -> NodePage:
        live = [row.node for row in self._ordered() if not row.node.removed_at]
        wanted = [node for node in live if domain_id in (None, node.domain_id)]
        rest = [node for node in wanted if after is None or node.id > after]
        return NodePage(tuple(rest[:limit]), len(rest) <= limit)

    async def all_of(self, domain_id: DomainId, /) -> Sequence[Node]:
        rows = [row.node for row in self._ordered() if row.node.domain_id == domain_id]
        return [node for node in rows if not node.removed_at]

    async def changed(
        self, domain_id: DomainId, revision: int, also: Collection[NodeId], /
    ) -> Sequence[Node]:
        rows = [row for row in self._ordered() if row.node.domain_id == domain_id]
        return [row.node for row in rows if row.revision > revision or row.node.id in also]

    async def facts_of(
        self, domain_id: DomainId, nodes: Collection[NodeId], /
    ) -> Mapping[NodeId, Mapping[str, str]]:
        return {node.id: node.facts for node in await self.all_of(domain_id) if node.id in nodes}

    async def count(self, domain_id: DomainId, project_id: ProjectId | None, /) -> int:
        nodes = await self.all_of(domain_id)
        return sum(project_id in (None, node.project_id) for node in nodes)

    async def set_endpoint(
        self, domain_id: DomainId, node_id: NodeId, endpoint: str, nat_type: str, /
    ) -> bool:
        node = await self.get(domain_id, node_id)
        if node is None or (node.endpoint, node.nat_type) == (endpoint, nat_type):
            return False
        self._change(node_id, None, endpoint=endpoint, nat_type=nat_type)
        return True

    async def set_named(self, node: Node, revision: int, /) -> None:
        if await self.get(node.domain_id, node.id):
            self._change(node.id, revision, name=node.name, metadata=node.metadata)

    async def move_epochs(self, domain_id: DomainId, nodes: Collection[NodeId], revision: int, /) -> None:
        for node_id in set(nodes):
            node = await self.get(domain_id, node_id)
            if node is not None:
                self._change(node_id, revision, psk_epoch=node.psk_epoch + 1)

    async def depart(self, domain_id: DomainId, node_id: NodeId, revision: int, /) -> None:
        node = await self.get(domain_id, node_id)
        if node is None:
            return
        now = self._store.clock.now()
        pool = self._store.state.meshes[domain_id].pool_of(node.kind)
        self._store.state.released[domain_id, node.mesh_ip] = (pool, now + COOLDOWN)
        self._change(node_id, revision, removed_at=now)

    async def take_first_offset(self, domain_id: DomainId, node_id: NodeId, /) -> int | None:
        row = self._store.live(domain_id, node_id)
        if row is None:
            return None
        self._store.state.nodes[node_id] = replace(row, node=replace(row.node, first_offset=None))
        return row.node.first_offset

    def _ordered(self) -> list[StoredNode]:
        return [row for _, row in sorted(self._store.state.nodes.items())]

    def _change(self, node_id: NodeId, revision: int | None, **changes: Any) -> None:
        row = self._store.state.nodes[node_id]
        node = replace(row.node, version=row.node.version + 1, **changes)
        at = row.revision if revision is None else revision
        self._store.state.nodes[node_id] = replace(row, node=node, revision=at)


class MemoryHeartbeatRecords:
    """Heartbeats in memory."""

    def __init__(self, store: FleetStore) -> None:
        self._store = store

    async def record(self, batch: Sequence[Heartbeat], moment: float, /) -> Recorded:
        told = [
            ToldChecksum(each.domain_id, each.node_id, each.binary_checksum)
            for each in batch
            if (row := self._store.live(each.domain_id, each.node_id))
            and each.binary_checksum not in ("", row.binary_checksum)
        ]
        first = [(each.domain_id, each.node_id) for each in batch if self._record(each, moment)]
        return Recorded(first, told=told)

    async def keep_checksums(self, told: Sequence[ToldChecksum], /) -> None:
        for each in told:
            row = self._store.state.nodes[each.node_id]
            self._store.state.nodes[each.node_id] = replace(row, binary_checksum=each.checksum)

    def _record(self, heartbeat: Heartbeat, moment: float) -> bool:
        row = self._store.live(heartbeat.domain_id, heartbeat.node_id)
        if row is None:
            return False
        is_first = row.node.reachability is Reachability.NEVER_REPORTED
        reachability = Reachability.HEALTHY if is_first else row.node.reachability
        self._store.state.nodes[heartbeat.node_id] = StoredNode(
            replace(row.node, reachability=reachability),
            row.revision,
            max(row.last_heartbeat_at or heartbeat.received_at, heartbeat.received_at),
            row.binary_checksum,
            heartbeat.clock_skewed,
            max(row.last_tick, self._store.state.clock.tick - heartbeat.waited_ms(moment)),
            self._store.clock.now() if is_first else row.changed_at,
        )
        return is_first


class MemoryCapabilities:
    """Capability manifests in memory."""

    def __init__(self, store: FleetStore) -> None:
        self._store = store

    async def put(
        self, domain_id: DomainId, node_id: NodeId, manifest: bytes, reported_at: datetime, /
    ) -> ProjectId:
        row = self._store.live(domain_id, node_id)
        if row is None:
            raise NodeNotFound(node_id)
        self._store.state.manifests[node_id] = manifest
        return row.node.project_id


class HeardBinaries:
    """Whoever judges binaries, as it hears of them; of those in `held` it has to be told again."""

    def __init__(self) -> None:
        self.heard: list[ToldChecksum] = []
        self.held: frozenset[NodeId] = frozenset()
        self.is_away = False

    async def hear(self, told: Sequence[ToldChecksum], /) -> frozenset[NodeId]:
        if self.is_away:
            raise StoreUnavailable
        self.heard += told
        return self.held


class HeardManifests:
    """Whoever makes use of manifests, as it hears of them."""

    def __init__(self) -> None:
        self.taken: list[tuple[DomainId, ProjectId, NodeId, bytes]] = []
        self.withdrawn: list[tuple[DomainId, NodeId]] = []

    async def hand_on(
        self,
        domain_id: DomainId,
        project_id: ProjectId,
        node_id: NodeId,
        manifest: bytes,
        reported_at: datetime,
        /,
    ) -> None:
        self.taken.append((domain_id, project_id, node_id, manifest))

    async def withdraw(self, domain_id: DomainId, node_id: NodeId, /) -> None:
        self.withdrawn.append((domain_id, node_id))


class HeardErrands:
    """Whoever asks nodes to do things, as it hears of those that leave."""

    def __init__(self) -> None:
        self.called_off: list[tuple[DomainId, NodeId]] = []

    async def call_off(self, domain_id: DomainId, node_id: NodeId, /) -> None:
        self.called_off.append((domain_id, node_id))


class MemoryDrift:
    """Drift reports in memory."""

    def __init__(self, store: FleetStore) -> None:
        self._store = store

    async def add(self, domain_id: DomainId, node_id: NodeId, report: DriftReport, /) -> None:
        if node_id not in self._store.state.nodes:
            raise NodeNotFound(node_id)
        reports = [*self._store.state.drift.get(node_id, ()), report]
        newest = sorted(reports, key=lambda each: (each.reported_at, each.id), reverse=True)
        self._store.state.drift[node_id] = tuple(newest[:MOST_REPORTS])

    async def list(self, domain_id: DomainId, node_id: NodeId, /) -> Sequence[DriftReport]:
        return self._store.state.drift.get(node_id, ())


class MemoryLivenessClock:
    """The clock of ticked time in memory."""

    def __init__(self, store: FleetStore) -> None:
        self._store = store

    async def read(self) -> ClockReading:
        clock = self._store.reached().clock
        return ClockReading(clock.tick, clock.beats, clock.holder, clock.served)

    async def take(self, holder: UUID, seen_beats: int, /) -> bool:
        clock = self._store.reached().clock
        if clock.beats != seen_beats:
            return False
        self._change(holder=holder, beats=seen_beats + 1, pauses={LONGEST_PAUSE: clock.tick})
        return True

    async def advance(self, holder: UUID, by_ms: int, pause_seconds: int, /) -> bool:
        clock = self._store.reached().clock
        if clock.holder != holder:
            return False
        tick, pause = clock.tick + by_ms, min(pause_seconds, LONGEST_PAUSE)
        pauses = {length: at for length, at in clock.pauses.items() if length > pause}
        self._change(tick=tick, beats=clock.beats + 1, pauses={**pauses, pause: tick} if pause else pauses)
        return True

    async def show_service(self) -> None:
        self._change(served=self._store.reached().clock.served + 1)

    def _change(self, **changes: Any) -> None:
        self._store.state.clock = replace(self._store.state.clock, **changes)


class MemorySilences:
    """The silence of nodes in memory; one sweep at a time, as units of work are."""

    def __init__(self, store: FleetStore) -> None:
        self._store = store

    async def due(self, patiences: Mapping[DomainId, Patience], /) -> Mapping[DomainId, Due]:
        found = {each: Due(len(self._due(each, patiences[each])), self._withheld(each)) for each in patiences}
        return {domain_id: due for domain_id, due in found.items() if due.moves or due.withheld}

    async def adopt(self, domain_id: DomainId, /) -> None:
        """Everything in memory knows ticks."""

    async def open_guard(self, domain_id: DomainId, /) -> None:
        """In memory every mesh has one."""

    async def take_guard(self, domain_id: DomainId, /) -> bool:
        return domain_id in self._store.reached().meshes

    async def census(self, domain_id: DomainId, patience: Patience, /) -> Census:
        rows = [row for row in self._reported(domain_id) if not row.node.is_taken_away]
        age_of = self._age_of(patience)
        leaving = [row for row in rows if row.node.is_withheld or age_of(row) >= patience.leaves_soon_at]
        clock = self._store.state.clock
        is_let_pass = clock.tick < clock.passes.get(domain_id, 0)
        return Census(len(rows), len(leaving), self._withheld(domain_id), is_let_pass)

    async def take_due(self, domain_id: DomainId, patience: Patience, most: int, /) -> Sequence[Standing]:
        return self._due(domain_id, patience)[:most]

    async def store(self, domain_id: DomainId, moves: Sequence[Move], /) -> None:
        for move in moves:
            row = self._store.state.nodes[move.node_id]
            changed_at = row.changed_at if move.was is move.now else self._store.clock.now()
            node = replace(
                row.node,
                reachability=move.now,
                is_withheld=move.is_withheld,
                version=row.node.version + (move.event is not None),
            )
            self._store.state.nodes[move.node_id] = replace(row, node=node, changed_at=changed_at)

    async def let_pass(self, domain_id: DomainId, ticked_ms: int, /) -> bool:
        if not self._withheld(domain_id):
            return False
        clock = self._store.state.clock
        passes = {**clock.passes, domain_id: clock.tick + ticked_ms}
        self._store.state.clock = replace(clock, passes=passes)
        return True

    async def counts(self, domain_id: DomainId, /) -> Mapping[Reachability, int]:
        return Counter(row.node.reachability for row in self._live(domain_id))

    async def withheld(self, domain_id: DomainId, most: int, /) -> Withheld:
        rows = [row for row in self._live(domain_id) if row.node.is_withheld]
        since = min((row.changed_at for row in rows if row.changed_at), default=None)
        return Withheld(len(rows), since, tuple(row.node.id for row in rows[:most]))

    async def last_heard(self, domain_id: DomainId, node_id: NodeId, /) -> LastHeard | None:
        row = self._store.live(domain_id, node_id)
        return LastHeard(row.last_heartbeat_at, row.changed_at or row.node.created_at) if row else None

    async def silent_among(self, domain_id: DomainId, nodes: Collection[NodeId], /) -> frozenset[NodeId]:
        rows = {node_id: self._store.live(domain_id, node_id) for node_id in nodes}
        return frozenset(node_id for node_id, row in rows.items() if row is None or row.node.is_silent)

    def _due(self, domain_id: DomainId, patience: Patience) -> list[Standing]:
        clock, age_of = self._store.state.clock, self._age_of(patience)
        is_let_pass = clock.tick < clock.passes.get(domain_id, 0)
        standings = [
            Standing(
                row.node.id,
                row.node.reachability,
                row.node.is_withheld,
                clock.tick - row.last_tick,
                age_of(row),
            )
            for row in self._reported(domain_id)
        ]
        return [each for each in standings if each.move(patience, is_guarded=not is_let_pass)]

    def _age_of(self, patience: Patience) -> Callable[[StoredNode], int]:
        clock = self._store.state.clock
        begun = [at for seconds, at in clock.pauses.items() if seconds * 1000 > patience.interval]
        return lambda row: clock.tick - max([row.last_tick, *begun])

    def _withheld(self, domain_id: DomainId) -> int:
        return sum(row.node.is_withheld for row in self._live(domain_id))

    def _reported(self, domain_id: DomainId) -> list[StoredNode]:
        unheard = Reachability.NEVER_REPORTED
        return [row for row in self._live(domain_id) if row.node.reachability is not unheard]

    def _live(self, domain_id: DomainId) -> list[StoredNode]:
        rows = sorted(self._store.reached().nodes.items())
        return [row for node_id, row in rows if self._store.live(domain_id, node_id)]


@dataclass(frozen=True)
class RowOnly:
    """What is stored of a node that no port reads back yet."""

    last_heartbeat_at: datetime | None
    binary_checksum: str
    clock_skewed: bool


@dataclass(frozen=True)
class FleetKit:
    """
    Every collection of fleet over one store, whichever it is.

    `make_domain` lets a Domain exist whose mesh may be opened, `let_time_pass` ages what was stored; the other two
    read what no port reads back.
    """

    unit_of_work: UnitOfWork
    meshes: Meshes
    nodes: Nodes
    heartbeats: HeartbeatRecords
    capabilities: Capabilities
    drift: Drift
    liveness_clock: LivenessClock
    silences: Silences
    stream_claims: StreamClaims
    make_domain: Callable[[DomainId], Awaitable[None]]
    let_time_pass: Callable[[timedelta], Awaitable[None]]
    stored_row: Callable[[NodeId], Awaitable[RowOnly]]
    stored_manifest: Callable[[NodeId], Awaitable[Any]]


def memory_fleet(store: FleetStore) -> FleetKit:
    """Return the fakes over one store."""

    async def make_domain(domain_id: DomainId) -> None:
        """Nothing in memory needs the Domain itself."""

    async def let_time_pass(by: timedelta) -> None:
        store.clock.advance(by.total_seconds())

    async def stored_row(node_id: NodeId) -> RowOnly:
        row = store.state.nodes[node_id]
        return RowOnly(row.last_heartbeat_at, row.binary_checksum, row.clock_skewed)

    async def stored_manifest(node_id: NodeId) -> Any:
        return json.loads(store.state.manifests[node_id])

    return FleetKit(
        unit_of_work=FleetUnitOfWork(store),
        meshes=MemoryMeshes(store),
        nodes=MemoryNodes(store),
        heartbeats=MemoryHeartbeatRecords(store),
        capabilities=MemoryCapabilities(store),
        drift=MemoryDrift(store),
        liveness_clock=MemoryLivenessClock(store),
        silences=MemorySilences(store),
        stream_claims=MemoryStreamClaims(
            lambda: {node_id for node_id in store.state.nodes if store.live(None, node_id)}
        ),
        make_domain=make_domain,
        let_time_pass=let_time_pass,
        stored_row=stored_row,
        stored_manifest=stored_manifest,
    )


def a_node(number: int, domain_id: DomainId = DOMAIN, **changes: Any) -> Node:
    """Return a live node with this number as its id, its key and the end of its address."""
    node = Node(
        domain_id=domain_id,
        id=NodeId(UUID(int=number)),
        project_id=PROJECT,
        kind=NodeKind.NODE,
        name=f"node-{number}",
        hostname=Hostname(f"node-{number}"),
        public_key=PublicKey(sha256(number.to_bytes(8, "big")).digest()),
        mesh_ip=IPv4Address("10.100.0.0") + number,
        endpoint="",
        nat_type="",
        psk_epoch=1,
        metadata={},
        facts={},
        version=1,
        reachability=Reachability.NEVER_REPORTED,
        created_at=EPOCH,
        first_offset=0,
    )
    return replace(node, **changes)


class MemoryTrail:
    """What was done; refuses outside of a unit of work."""

    def __init__(self, store: FleetStore) -> None:
        self._store = store
        self.entries: list[AuditEntry] = []

    def record(self, entry: AuditEntry) -> None:
        assert self._store.is_open, "an audit row joins the unit of work of its mutation"
        self.entries.append(entry)
