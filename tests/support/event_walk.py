"""A random walk over a mesh: operators and nodes do whatever they may, and everybody is told by events alone."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Final
from uuid import UUID

import httpx

from plexd.node.demand import Demand
from plexd.node.drift import drift
from plexd.node.view import View
from plexd.protocol.client.transport import Transport
from plexd.protocol.events.payloads import PeerChanged
from plexd.protocol.keys.signing_keys import SigningKeys
from plexd.protocol.messages.peers import EndpointReport
from plexd.protocol.messages.state import Snapshot, State
from plexsphere.fleet.adapters.postgres.nodes import PostgresNodes
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.policy.adapters.postgres.policies import PostgresPolicies
from plexsphere.policy.domain.index import VisibilityIndex
from plexsphere.policy.domain.member import Member
from tests.support.control_plane import Place
from tests.support.event_reader import Enrolled, EventReader, enrol, reading
from tests.support.event_scene import add_policy

SETTLED_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 0.05
ROLES: Final = ("a", "b", "c")
SELECTORS: Final = ("*", "role=a", "role=b", "role in (a,c)", "!role", "role")
# Every committed row counts, those that wait for their offset too.
HEAD: Final = "SELECT next_offset - 1 + (SELECT count(*) FROM event_inbox) FROM event_heads"
Pairs = frozenset[frozenset[str]]


class WalkingNode:
    """A node that fetches its state once, when it enrols; from then on it knows what events tell, and no more."""

    def __init__(self, node: Enrolled) -> None:
        self.node: Final = node
        self.reader: Final = EventReader(node)
        self.view = View(SigningKeys.registered(node.registration.signing_public_key))
        self.unasked: Final[list[str]] = []
        self._stay: AsyncExitStack | None = None
        self._taken = 0

    @property
    def is_connected(self) -> bool:
        return self._stay is not None

    async def begin(self, transport: Transport) -> None:
        """Take over the state as the control plane has it."""
        self.view = View.desired(await self._state(transport), self.view)

    async def connect(self, transport: Transport) -> None:
        """Open the stream where it was left; one that was left before its first frame is no place to go on from."""
        is_lost = self.reader.opened > 0 and self.reader.last_event_id is None
        self._stay = AsyncExitStack()
        await self._stay.enter_async_context(reading(self.reader, self.node.channel(transport)))
        if is_lost:
            await self.begin(transport)

    async def disconnect(self) -> None:
        """Leave the stream, wherever it stands."""
        if self._stay is not None:
            await self._stay.aclose()
            self._stay = None

    def take_in(self) -> set[frozenset[str]]:
        """Apply what was told since the last time; return the pairs whose key came with it."""
        keyed = set()
        for event in list(self.reader.told.values())[self._taken :]:
            if isinstance(event.payload, PeerChanged):
                keyed.add(frozenset({self.node.node_id, event.payload.subject}))
            if self.view.apply(event.payload) is not Demand.NOTHING:
                self.unasked.append(event.event_type)
            self._taken += 1
        return keyed

    async def differs(self, transport: Transport, upto: int) -> list[str]:
        """Return what the state, as of an offset or later, says otherwise than the events did."""
        desired = View.desired(await self._state(transport, upto), self.view)
        return [f"{self.node.hostname}: {each.detail}" for each in drift(self.view, desired)]

    async def _state(self, transport: Transport, upto: int = 0) -> State:
        seen = next(reversed(self.reader.told)).offset if self.reader.told else 0
        answer = await self.node.channel(transport).state(max(seen, upto))
        assert isinstance(answer, Snapshot)
        return answer.state


class Walk:
    """
    Takes random steps through either server, several before it looks, and keeps what each look found wrong.

    `visible` holds every pair that was visible at any time since everybody had last been told everything.
    """

    def __init__(
        self,
        seed: int,
        place: Place,
        servers: Sequence[Transport],
        clients: Sequence[httpx.AsyncClient],
        store: Database,
    ) -> None:
        self.nodes: Final[list[WalkingNode]] = []
        self.faults: Final[list[str]] = []
        self.deeds: Final[list[str]] = []
        self._chance: Final = random.Random(seed)
        # Of its own, so that a walk is the same however often it is looked at.
        self._ways: Final = random.Random(seed)
        self._place: Final = place
        self._servers: Final = servers
        self._clients: Final = clients
        self._store: Final = store
        self._policies: Final[list[str]] = []
        self._visible: set[frozenset[str]] = set()
        self._number = 0

    async def run(self, steps: int) -> None:
        """Walk until a look finds a fault, and in the end have everybody connected."""
        for _ in range(3):
            await self._register()
        for _ in range(steps):
            await self._step()
            self._visible |= await self._pairs()
            if self._chance.random() < 0.3:
                await self._look()
            if self.faults:
                return
        for node in self.nodes:
            if not node.is_connected:
                await node.connect(self._server())
        await self._look()

    async def stop(self) -> None:
        """Disconnect everybody."""
        for node in self.nodes:
            await node.disconnect()

    async def _step(self) -> None:
        steps: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (4 if len(self.nodes) < 8 else 0, self._register),
            (2 if len(self.nodes) > 3 else 0, self._remove),
            (6, self._label),
            (2, self._annotate),
            (3 if len(self._policies) < 5 else 0, self._allow_or_deny),
            (2 if self._policies else 0, self._drop_policy),
            (6, self._move),
            (6, self._toggle),
        ]
        weights, deeds = zip(*steps, strict=True)
        deed = self._chance.choices(deeds, weights)[0]
        self.deeds.append(deed.__name__)
        await deed()

    async def _register(self) -> None:
        self._number += 1
        labels = {} if self._chance.random() < 0.3 else {"role": self._chance.choice(ROLES)}
        [token] = await self._place.bootstrap_tokens(1, labels=labels)
        node = WalkingNode(await enrol(self._server(), token, f"n{self._number}"))
        self._visible |= await self._pairs()
        await node.begin(self._server())
        self.nodes.append(node)
        if self._chance.random() < 0.7:
            await node.connect(self._server())

    async def _remove(self) -> None:
        node = self.nodes.pop(self._chance.randrange(len(self.nodes)))
        if self._chance.random() < 0.5:
            await node.node.channel(self._server()).deregister()
        else:
            await self._ask("DELETE", f"/v1/nodes/{node.node.node_id}?confirm=true")
        await node.disconnect()

    async def _label(self) -> None:
        path = f"/v1/nodes/{self._someone().node.node_id}/metadata/role"
        if self._chance.random() < 0.25:
            await self._ask("PUT", path, {"value": "gone"})
            await self._ask("DELETE", path)
        else:
            await self._ask("PUT", path, {"value": self._chance.choice(ROLES)})

    async def _annotate(self) -> None:
        path = f"/v1/nodes/{self._someone().node.node_id}/metadata/note"
        await self._ask("PUT", path, {"value": str(self._chance.random())})

    async def _allow_or_deny(self) -> None:
        self._number += 1
        source, destination = self._chance.choices(SELECTORS, k=2)
        action = self._chance.choice(("allow", "allow", "deny", "log"))
        rules = [_rule(self._chance, action)]
        body = {
            "slug": f"p-{self._number}",
            "selector": {"source": source, "destination": destination},
            "rules": rules,
            "confirm": True,
        }
        self._policies.append(await add_policy(self._place, body))

    async def _drop_policy(self) -> None:
        policy_id = self._policies.pop(self._chance.randrange(len(self._policies)))
        path = f"/v1/projects/{self._place.project_id}/policies/{policy_id}"
        await self._ask("DELETE", f"{path}?confirm=true")

    async def _move(self) -> None:
        endpoint = f"198.51.100.{self._chance.randrange(1, 250)}:51820"
        channel = self._someone().node.channel(self._server())
        await channel.report_endpoint(EndpointReport(endpoint, "none"))

    async def _toggle(self) -> None:
        node = self._someone()
        if node.is_connected:
            await node.disconnect()
        else:
            await node.connect(self._server())

    async def _look(self) -> None:
        # Whoever is connected must come to know the state as it is; nothing else brings it to them than events.
        wrong: list[str] = []
        for _ in range(int(SETTLED_SECONDS / LOOK_SECONDS)):
            wrong = await self._wrong()
            if not wrong:
                break
            await asyncio.sleep(LOOK_SECONDS)
        self.faults.extend(wrong)
        self.faults.extend(fault for node in self.nodes for fault in (*node.reader.faults, *node.unasked))
        self.faults.extend(self._unequal_keys())
        self._visible = set(await self._pairs())

    async def _wrong(self) -> list[str]:
        wrong, head = [], await self._head()
        for node in self.nodes:
            hidden = node.take_in() - self._visible
            self.faults.extend(f"{node.node.hostname}: the key of a hidden pair" for _ in hidden)
            if node.is_connected:
                wrong += await node.differs(self._server(), head)
        return wrong

    def _unequal_keys(self) -> list[str]:
        known = {each.node.node_id: each.view.peers for each in self.nodes if each.is_connected}
        return [
            f"{one} and {other} have different keys"
            for one, peers in known.items()
            for other, peer in peers.items()
            if other in known and (one not in known[other] or known[other][one].psk != peer.psk)
        ]

    async def _pairs(self) -> Pairs:
        domain_id = DomainId(UUID(self._place.domain_id))
        index = VisibilityIndex()
        for policy in (await PostgresPolicies(self._store).all_of(domain_id)).policies:
            index.put_policy(policy)
        nodes = await PostgresNodes(self._store).all_of(domain_id)
        for node in nodes:
            index.put_member(Member(node.id, node.project_id, node.metadata, node.mesh_ip))
        return frozenset(
            frozenset({str(node.id), str(peer)}) for node in nodes for peer in index.peers_of(node.id)
        )

    async def _head(self) -> int:
        async with self._store.connection() as connection:
            row = await (await connection.execute(HEAD)).fetchone()
            return int(row[0]) if row else 0

    async def _ask(self, method: str, path: str, body: object = None) -> None:
        answer = await self._ways.choice(self._clients).request(method, path, json=body)
        answer.raise_for_status()

    def _someone(self) -> WalkingNode:
        return self._chance.choice(self.nodes)

    def _server(self) -> Transport:
        return self._ways.choice(self._servers)


def _rule(chance: random.Random, action: str) -> dict[str, object]:
    cidr = chance.choice(("0.0.0.0/0", "10.100.0.0/30", "10.100.0.4/30"))
    rule: dict[str, object] = {
        "action": action,
        "protocol": "any",
        "source_cidr": cidr,
        "destination_cidr": "0.0.0.0/0",
    }
    if chance.random() < 0.5:
        rule |= {"protocol": "tcp", "ports": {"from": 80, "to": 90}}
    return rule
