"""What it costs to enrol a machine where there are many, over where there are few."""

import asyncio
import base64
import os
from typing import Any, Final

import httpx

from tests.bench.figure import Bar, Figure, Spent, middle, middle_spent
from tests.bench.population import hostname
from tests.bench.site import Bench, Running

FEW: Final = 102
MANY: Final = 10_000
CLASSES: Final = 2
EACH: Final = 10
ROUNDS: Final = 7
SETTLED_SECONDS: Final = 1.0
BAR: Final = Bar(1.2)


async def measure(bench: Bench) -> list[Figure]:
    """Return CPU, of server and PostgreSQL, at 10,000 nodes over 100; both sites enrol into two classes of 51."""
    few, many = await bench.site(FEW), await bench.site(MANY)
    async with bench.server(few, tls=True) as small, bench.server(many, tls=True) as large:
        await _enrolled(small), await _enrolled(large)
        rounds = [(await _enrolled(small), await _enrolled(large)) for _ in range(ROUNDS)]
    ratios = [_sum(at_many) / _sum(at_few) for at_few, at_many in rounds]
    spent = middle_spent([each for _, each in rounds])
    yardstick = middle([_sum(each) for each, _ in rounds])
    beside = f"{_sum(spent):.1f} ms CPU a registration, at {FEW} nodes {yardstick:.1f} ms"
    name = f"registration at {MANY} nodes over {FEW}, 50 visible peers, TLS"
    return [Figure("registration", name, middle(ratios), "ratio", BAR, 1.0, f"at {FEW} nodes", spent, beside)]


def _sum(spent: Spent) -> float:
    return spent.server + spent.postgres


async def _enrolled(ours: Running) -> Spent:
    """Enrol a few machines and take them away again, so that the classes stay as large as they are."""
    async with ours.operator() as client:
        bodies = [await _enrolment(client, ours, number % CLASSES) for number in range(EACH)]
        await asyncio.sleep(SETTLED_SECONDS)
        with ours.spending(EACH) as spent:
            answers = [await client.post("/v1/register", json=body) for body in bodies]
            await asyncio.sleep(SETTLED_SECONDS / 2)
            found = spent()
        for answer in answers:
            node_id = answer.raise_for_status().json()["node_id"]
            (await client.delete(f"/v1/nodes/{node_id}", params={"confirm": "true"})).raise_for_status()
    return found


async def _enrolment(client: httpx.AsyncClient, ours: Running, number: int) -> dict[str, Any]:
    path = f"/v1/projects/{ours.site.project_id}/bootstrap-tokens"
    issued = await client.post(path, json={"labels": {"class": f"c{number}"}})
    key = base64.b64encode(os.urandom(32)).decode()
    return {"token": issued.raise_for_status().json()["token"], "public_key": key, "hostname": hostname()}
