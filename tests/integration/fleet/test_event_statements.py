"""What an arrival costs the database does not depend on how many nodes there are."""

from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from plexd.protocol.keys.key_pair import KeyPair
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.correlation import CORRELATION_ID
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId
from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import Place, Served, served
from tests.support.event_scene import add_policy, drop_default_policy, policy
from tests.support.fleet import a_node

pytestmark = pytest.mark.postgres

VISIBLE = 50
FIRST_ADDRESS = IPv4Address("10.100.32.0")
COUNTED = "counted-registration"


async def test_the_statements_of_a_registration_are_as_many_at_a_thousand_nodes_as_at_ten(
    database: Secret[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    _count(monkeypatch, statements)
    async with served(database) as place:
        await drop_default_policy(place)
        await add_policy(place, policy("group", "group=g", "group=g"))
        await _settle(place, 10, visible=10)
        few = await _registered(place, statements, "few", peers=10)
        await _settle(place, 990, visible=VISIBLE - 13)
        many = await _registered(place, statements, "many", peers=VISIBLE - 1)

    assert few == many
    assert len(few) < 20


def _count(monkeypatch: pytest.MonkeyPatch, statements: list[str]) -> None:
    execute: Callable[..., Awaitable[Any]] = psycopg.AsyncCursor.execute

    async def counting(cursor: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        if CORRELATION_ID.get(None) == COUNTED:
            statements.append(str(query))
        return await execute(cursor, query, *args, **kwargs)

    monkeypatch.setattr(psycopg.AsyncCursor, "execute", counting)


async def _registered(place: Place, statements: list[str], hostname: str, peers: int) -> list[str]:
    # The first of two brings what this process has yet to read of the nodes that came before it.
    tokens = await place.bootstrap_tokens(2, labels={"group": "g"})
    async with httpx.AsyncClient(base_url=place.base_url, timeout=30) as client:
        for number, token in enumerate(tokens):
            statements.clear()
            body = {
                "token": token,
                "public_key": KeyPair.generate().public_key,
                "hostname": f"{hostname}-{number}",
            }
            answer = await client.post("/v1/register", json=body, headers={"X-Correlation-Id": COUNTED})
            assert answer.status_code == 201
            assert len(answer.json()["peers"]) == peers + number
    return list(statements)


async def _settle(place: Served, count: int, *, visible: int) -> None:
    """Let nodes have come long ago, so many of them in the group."""
    views, domain_id = place.root.views(), DomainId(UUID(place.domain_id))
    async with place.root.platform().database():
        for number in range(count):
            revision = await views.meshes.take_turn(domain_id)
            node = a_node(
                revision,
                domain_id,
                id=NodeId(mint_id()),
                project_id=ProjectId(UUID(place.project_id)),
                mesh_ip=FIRST_ADDRESS + revision,
                metadata={"group": "g"} if number < visible else {"group": "other"},
            )
            await views.nodes.add(node, revision)
