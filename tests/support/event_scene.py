"""Meshes of a known shape, and what the log says that each of their nodes must be told."""

import asyncio
from collections.abc import Mapping, Sequence, Set
from typing import Any, Final

from psycopg import AsyncConnection

from plexd.protocol.client.transport import Transport
from plexd.protocol.events.position import Position
from plexd.protocol.messages.heartbeat import Heartbeat
from plexd.protocol.messages.peers import EndpointReport
from plexsphere.platform.db.pool import session_conninfo
from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import Place
from tests.support.event_reader import Enrolled, enrol

ANYWHERE: Final = "0.0.0.0/0"
NOT_ABOUT_A_PEER: Final = frozenset({"policy_updated", "node_state_updated"})

LOG: Final = """
SELECT log_offset, subject::text, recipients::text[], frames FROM event_log WHERE log_offset > %s ORDER BY log_offset
"""
UNSEQUENCED: Final = "SELECT count(*) FROM event_inbox"
FIRST_OFFSETS: Final = "SELECT id::text, first_offset FROM nodes WHERE removed_at IS NULL"


def policy(slug: str, source: str, destination: str, action: str = "allow") -> dict[str, Any]:
    """Return the body of a policy over all traffic between two selectors."""
    rule = {
        "action": action,
        "protocol": "any",
        "source_cidr": ANYWHERE,
        "destination_cidr": ANYWHERE,
    }
    return {"slug": slug, "selector": {"source": source, "destination": destination}, "rules": [rule]}


async def drop_default_policy(place: Place) -> None:
    """Let nobody see anybody."""
    path = f"/v1/projects/{place.project_id}/policies"
    async with place.as_operator() as client:
        listed = (await client.get(path)).raise_for_status().json()
        for each in listed["items"]:
            (await client.delete(f"{path}/{each['id']}?confirm=true")).raise_for_status()


async def add_policy(place: Place, body: Mapping[str, Any]) -> str:
    """Put a policy in force and return its id."""
    path = f"/v1/projects/{place.project_id}/policies"
    async with place.as_operator() as client:
        return str((await client.post(path, json=dict(body))).raise_for_status().json()["id"])


async def grouped_mesh(place: Place, transport: Transport, groups: int, size: int) -> list[list[Enrolled]]:
    """Enrol groups of nodes; the nodes of a group see each other and nobody else."""
    await drop_default_policy(place)
    mesh = []
    for number in range(groups):
        label = f"group=g{number}"
        await add_policy(place, policy(f"group-{number}", label, label))
        tokens = await place.bootstrap_tokens(size, labels={"group": f"g{number}"})
        mesh.append([await enrol(transport, token, f"g{number}-{at}") for at, token in enumerate(tokens)])
    return mesh


async def first_offsets(dsn: Secret[str]) -> dict[str, int]:
    """Return, for each node without a stream yet, the offset its first one begins behind."""
    async with await AsyncConnection.connect(session_conninfo(dsn)) as connection:
        return dict(await (await connection.execute(FIRST_OFFSETS)).fetchall())


async def places_due(
    dsn: Secret[str], peers: Mapping[str, Set[str]], since: Mapping[str, int]
) -> dict[str, list[Position]]:
    """
    Return, for each node, the places of all frames that the log holds for it.

    `peers` says who sees whom, from the first row of interest to the last; `since` where each node's stream began.
    """
    due: dict[str, list[Position]] = {node: [] for node in since}
    async with await AsyncConnection.connect(session_conninfo(dsn)) as connection:
        rows = await connection.execute(LOG, [min(since.values(), default=0)])
        for offset, subject, recipients, frames in await rows.fetchall():
            audience = peers.get(subject, frozenset()) if recipients is None else recipients
            for node in audience:
                if node in due and offset > since[node]:
                    due[node] += [Position(offset, k) for k in _kept(frames, node, peers[node])]
    return due


def _kept(frames: Sequence[Sequence[str]], node: str, peers: Set[str]) -> list[int]:
    return [
        k
        for k, (event_type, subject) in enumerate(frames)
        if event_type in NOT_ABOUT_A_PEER or subject in peers or event_type == "peer_removed"
    ]


def peers_within(groups: Sequence[Sequence[Enrolled]]) -> dict[str, Set[str]]:
    """Return who sees whom where the nodes of a group see each other."""
    return {
        node.node_id: {peer.node_id for peer in group} - {node.node_id} for group in groups for node in group
    }


async def sequenced(dsn: Secret[str]) -> None:
    """
    Wait until every committed row has its offset.

    Raises:
        TimeoutError: it has not within 30 s.
    """
    async with (
        asyncio.timeout(30),
        await AsyncConnection.connect(session_conninfo(dsn), autocommit=True) as connection,
    ):
        while True:
            if (await (await connection.execute(UNSEQUENCED)).fetchone()) == (0,):
                return
            await asyncio.sleep(0.05)


async def enrolled(place: Place, transport: Transport, count: int, **terms: Any) -> list[Enrolled]:
    """Enrol nodes called `n0`, `n1` and so on, or as their labels say."""
    name = "-".join(terms.get("labels", {}).values()) or "n"
    tokens = await place.bootstrap_tokens(count, **terms)
    return [await enrol(transport, token, f"{name}{number}") for number, token in enumerate(tokens)]


async def is_asked_to_reconcile(node: Enrolled, transport: Transport) -> bool:
    """Give a sign of life and tell whether the answer asks for a reconciliation."""
    heartbeat = Heartbeat(node.node_id, "0001-01-01T00:00:00Z", "healthy", "1h0m", "")
    return (await node.channel(transport).heartbeat(heartbeat)).reconcile


async def annotate(place: Place, node: Enrolled, key: str, value: str) -> None:
    """Set one key of a node's metadata."""
    async with place.as_operator() as client:
        path = f"/v1/nodes/{node.node_id}/metadata/{key}"
        (await client.put(path, json={"value": value})).raise_for_status()


async def remove(place: Place, node: Enrolled) -> None:
    """Take a node out by force."""
    async with place.as_operator() as client:
        (await client.delete(f"/v1/nodes/{node.node_id}?confirm=true")).raise_for_status()


async def move(node: Enrolled, transport: Transport, port: int) -> None:
    """Let a node report where it is reached."""
    await node.channel(transport).report_endpoint(EndpointReport(f"198.51.100.9:{port}", "none"))
