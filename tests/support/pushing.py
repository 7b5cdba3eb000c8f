"""Control planes as processes, a cluster as another, and what managed push does between them."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from typing import Any, Final

import httpx
import psycopg

from plexsphere.composition.settings import ManagedPushSettings
from plexsphere.managed_push.adapters.aes_gcm_sealer import KeyRing
from plexsphere.managed_push.domain.cluster_object import FIELD_MANAGER
from plexsphere.platform.db.pool import session_conninfo
from plexsphere.platform.kernel.secret import Secret
from tests.support.cluster import A_DIGEST, Cluster, ownership
from tests.support.cluster_process import ClusterProcess
from tests.support.control_plane import (
    EVERY_FEATURE,
    PROVISIONED,
    PUSH_WRAP_KEY,
    WRAP_KEY,
    Place,
    first_boot,
    served,
)
from tests.support.identity_postgres import lent_database
from tests.support.invariants.pack import InvariantPack
from tests.support.managed_push_postgres import AGE
from tests.support.tables import rows

LOOPBACK: Final = "127.0.0.0/8"
# What a process is started with so that it pushes into clusters on this machine.
PUSHING: Final = {**EVERY_FEATURE, "PLEXSPHERE_MANAGED_PUSH_EGRESS_ALLOW": LOOPBACK}
PUSHING_HERE: Final = ManagedPushSettings(PROVISIONED.ring, (ip_network(LOOPBACK),))
OTHERS: Final = "gitops"
PATIENCE_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 0.05
INTENTS: Final = "SELECT hook_name FROM managed_push_intents"
APPLIED: Final = "SELECT hook_name, id::text FROM domain_hook_push WHERE status = 'applied'"


@dataclass(frozen=True)
class Pushes:
    """Managed push of one Domain, asked at whichever server is named; others write into its cluster, too."""

    domain_id: str
    operator: Secret[str] = field(repr=False)
    process: ClusterProcess
    cluster: Cluster
    dsn: Secret[str]

    @asynccontextmanager
    async def served_here(self) -> AsyncIterator[httpx.AsyncClient]:
        """Serve from within this process until the block ends; lend a client of it."""
        place = Place("", self.operator, self.domain_id, "")
        async with (
            served(self.dsn, place=place, managed_push=PUSHING_HERE) as here,
            self.client(here.base_url) as client,
        ):
            yield client

    async def attach(self, client: httpx.AsyncClient) -> None:
        """Attach the cluster to the Domain."""
        kubeconfig = base64.b64encode(self.cluster.kubeconfig).decode()
        told = {"kubeconfig_b64": kubeconfig, "enabled": True}
        (await client.put(self.path(), json=told)).raise_for_status()

    def client(self, base_url: str) -> httpx.AsyncClient:
        """Return a client of a server that sends the operator's token."""
        headers = {"Authorization": f"Bearer {self.operator.reveal()}"}
        return httpx.AsyncClient(base_url=base_url, headers=headers, timeout=PATIENCE_SECONDS)

    def path(self, suffix: str = "") -> str:
        """Return the path of the Domain's managed push, or one below it."""
        return f"/v1/domains/{self.domain_id}/managed-push{suffix}"

    async def push(self, client: httpx.AsyncClient, name: str) -> httpx.Response:
        """Push a hook of this name."""
        hook = {"namespace": self.cluster.namespace, "name": name, "image_digest": A_DIGEST}
        return await client.post(self.path("/hooks"), json={**hook, "parameters": {"mode": "full"}})

    async def roll_back(self, client: httpx.AsyncClient, push_id: str) -> httpx.Response:
        """Roll a push back."""
        return await client.post(self.path(f"/hooks/{push_id}:rollback"))

    async def made_by_others(self, names: Iterable[str]) -> None:
        """Let another manager make objects, with a parameter that no push knows."""
        for name in names:
            body = self.cluster.hook_body(name, name=name, imageDigest=A_DIGEST, parameters={"owner": OTHERS})
            assert (await self.cluster.customer.apply(OTHERS, body)).status == 201

    async def objects(self) -> dict[str, Any]:
        """Return the spec and the owners of every object in the cluster, by its name."""
        customer = self.cluster.customer
        found = [await customer.there(name) for name in await customer.names()]
        return {each["metadata"]["name"]: (each.get("spec"), ownership(each)) for each in found}

    async def ours(self) -> set[str]:
        """Return the names of the objects in the cluster that our field manager has a part in."""
        return {
            name
            for name, (_, owners) in (await self.objects()).items()
            if any(manager == FIELD_MANAGER for manager, *_ in owners)
        }

    def applied(self) -> dict[str, str]:
        """Return the id of the push of each object that the trail says is applied."""
        return dict(rows(self.dsn, APPLIED))

    def intents(self) -> set[str]:
        """Return the names of the objects that somebody began to write and did not settle."""
        return {name for (name,) in rows(self.dsn, INTENTS)}

    async def until_written(self) -> None:
        """Wait until the cluster took a write, since its log was forgotten."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (await self.process.log()).written():  # noqa: ASYNC110  # another process tells no event
                await asyncio.sleep(LOOK_SECONDS)

    async def until_settled(self) -> None:
        """Wait until no intent is left."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await asyncio.to_thread(self.intents):  # noqa: ASYNC110  # another process tells no event
                await asyncio.sleep(LOOK_SECONDS)

    async def let_time_pass(self, seconds: float) -> None:
        """Age every intent."""
        async with await psycopg.AsyncConnection.connect(session_conninfo(self.dsn)) as connection:
            await connection.execute(AGE, {"by": timedelta(seconds=seconds)})

    async def violations(self) -> list[str]:
        """Return what is broken in the database."""
        ring = KeyRing(Secret(PUSH_WRAP_KEY))
        async with lent_database(self.dsn) as database:
            return await InvariantPack(database, Secret(WRAP_KEY), push_ring=ring).violations()


@asynccontextmanager
async def lent_pushes(dsn: Secret[str], process: ClusterProcess) -> AsyncIterator[Pushes]:
    """Lend the first Domain of a fresh database, with a namespace of the cluster; no server runs yet."""
    operator, domain_id, _ = await first_boot(dsn)
    async with process.cluster.another_namespace() as cluster:
        yield Pushes(domain_id, operator, process, cluster, dsn)
