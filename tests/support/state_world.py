"""Two servers on one database, driven from a thread without a loop; and what a third server would say."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from uuid import UUID

import httpx

from plexd.protocol.keys.key_pair import KeyPair
from plexsphere.composition.bridges.event_signer import IdentityEventSigner
from plexsphere.composition.builders.views import build_views
from plexsphere.fleet.application.crowd_watch import CrowdWatch
from plexsphere.fleet.application.get_state import GetState
from plexsphere.fleet.application.get_state import State as StateAnswer
from plexsphere.fleet.application.turns import Turns
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import Served, served
from tests.support.robots import made

VERSION: Final = "Plexsphere-State-Version"
# Newer than anything: whoever shows it makes the server ask the database.
NEWEST: Final = 10**17
CALL_SECONDS: Final = 60.0
SETTLE_SECONDS: Final = 10.0
STANDING: Final = """
    SELECT coalesce((SELECT max(log_offset) FROM event_log WHERE domain_id = %(domain)s), 0),
        EXISTS (SELECT FROM event_inbox WHERE domain_id = %(domain)s)
"""

T = TypeVar("T")


@dataclass(frozen=True)
class Machine:
    """An enrolled node, as it speaks for itself."""

    node_id: str
    token: str = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """Return what it sends with every request."""
        return {"Authorization": f"Bearer {self.token}"}

    def path(self, call: str) -> str:
        """Return the path of one of its calls."""
        return f"/v1/nodes/{self.node_id}/{call}"


@dataclass(frozen=True)
class Polled:
    """What a server answered to a poll of the state; no body with 304."""

    status: int
    tag: str
    version: int
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class StateWorld:
    """`servers` and an operator's client of each; `call` runs what they are asked in their loop."""

    loop: asyncio.AbstractEventLoop
    servers: tuple[Served, ...]
    clients: tuple[httpx.AsyncClient, ...]

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run it where the servers run, and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(CALL_SECONDS)

    async def domain(self) -> str:
        """Make a Domain that is nobody else's."""
        slug = f"d-{secrets.token_hex(8)}"
        return str((await made(self.clients[0], "/v1/domains", {"name": slug, "slug": slug}))["id"])

    async def project(self, domain_id: str, slug: str) -> str:
        """Make a Project in it."""
        body = {"domain_id": domain_id, "name": slug, "slug": slug}
        return str((await made(self.clients[0], "/v1/projects", body))["id"])

    async def enrol(self, at: int, project_id: str, labels: dict[str, str]) -> Machine:
        """Enrol a machine at one of the servers."""
        path = f"/v1/projects/{project_id}/bootstrap-tokens"
        token = await made(self.clients[at], path, {"labels": labels})
        enrolling = {
            "token": token["token"],
            "public_key": KeyPair.generate().public_key,
            "hostname": f"m-{secrets.token_hex(8)}",
        }
        node = await made(self.clients[at], "/v1/register", enrolling)
        return Machine(node["node_id"], node["node_token"])

    async def rename(self, at: int, machine: Machine, name: str) -> None:
        """Change something of a node that only its own row tells of."""
        answer = await self.clients[at].patch(f"/v1/nodes/{machine.node_id}", json={"name": name})
        assert answer.is_success, answer.text

    async def poll(self, at: int, machine: Machine, known: str = "", shown: int = 0) -> Polled:
        """Ask one server for a node's state, with the tag it knows and the newest offset it saw."""
        headers = dict(machine.headers)
        if known:
            headers["If-None-Match"] = known
        if shown:
            headers[VERSION] = str(shown)
        answer = await self.clients[at].get(machine.path("state"), headers=headers)
        return Polled(
            answer.status_code,
            answer.headers.get("etag", ""),
            int(answer.headers.get(VERSION, "0")),
            answer.content,
        )

    async def truth(self, domain_id: str, machine: Machine) -> StateAnswer:
        """Return what a server that starts at this moment would answer."""
        root = self.servers[0].root
        views = build_views(root.platform(), root.settings().reached_at)
        signer = IdentityEventSigner(root.signer())
        crowds = CrowdWatch(root.platform().clock)
        get_state = GetState(
            views.followed, views.sight, views.pending, signer, views.reconciles, crowds, Turns()
        )
        return await get_state(DomainId(UUID(domain_id)), NodeId(UUID(machine.node_id)), "", 0)

    async def number(self, domain_id: str) -> None:
        """Wait until everything that was committed has its offset, followed or not."""
        async with asyncio.timeout(SETTLE_SECONDS):
            while True:
                _, is_waiting = await self._standing(DomainId(UUID(domain_id)))
                if not is_waiting:
                    return
                await asyncio.sleep(0.001)

    async def settle(self, domain_id: str) -> None:
        """Wait until every server has followed the Domain's log to its end, as they do by themselves."""
        async with asyncio.timeout(SETTLE_SECONDS):
            while True:
                if await self._is_settled(DomainId(UUID(domain_id))):
                    return
                await asyncio.sleep(0.005)

    async def _is_settled(self, domain_id: DomainId) -> bool:
        head, is_waiting = await self._standing(domain_id)
        tails = [server.root.views().follower.tail(domain_id) for server in self.servers]
        return not is_waiting and all(tail is None or tail.last == head for tail in tails)

    async def _standing(self, domain_id: DomainId) -> tuple[int, bool]:
        async with self.servers[0].root.platform().database.connection() as connection:
            row = await (await connection.execute(STANDING, {"domain": domain_id})).fetchone()
        return row or (0, False)


@asynccontextmanager
async def state_world(database: Secret[str]) -> AsyncIterator[StateWorld]:
    """Lend the world, for use from a thread: the servers keep this one, whose signals they listen to."""
    async with (
        served(database) as one,
        served(database, place=one) as other,
        one.as_operator() as at_one,
        other.as_operator() as at_other,
    ):
        yield StateWorld(asyncio.get_running_loop(), (one, other), (at_one, at_other))
