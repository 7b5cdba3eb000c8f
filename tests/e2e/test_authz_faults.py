"""SpiceDB behind a bad line: nothing is granted, nothing written, nobody waits for long (C10)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from plexsphere.composition.settings import SpiceDb as SpiceDbSettings
from plexsphere.platform.kernel.secret import Secret
from tests.e2e.test_authz_spicedb import LATE_SECONDS
from tests.support.api import code_of
from tests.support.control_plane import Served, served
from tests.support.fault_proxy import FaultProxy, proxied_address
from tests.support.robots import TUPLES, Robot, grant, robot
from tests.support.tables import rows

if TYPE_CHECKING:
    from tests.support.spicedb import SpiceDb

pytestmark = [pytest.mark.postgres, pytest.mark.spicedb, pytest.mark.e2e]

BACK_SECONDS: Final = 10.0
WRITTEN: Final = """
    SELECT (SELECT count(*) FROM relation_tuples), (SELECT count(*) FROM domains), (SELECT count(*) FROM projects),
        (SELECT count(*) FROM network_policies), (SELECT count(*) FROM bootstrap_tokens)
"""


def down(proxy: FaultProxy) -> None:
    proxy.is_refusing = True
    proxy.cut_all()


def silent(proxy: FaultProxy) -> None:
    proxy.swallow(everything=True)


def garbling(proxy: FaultProxy) -> None:
    proxy.is_garbling = True
    proxy.cut_all()


def slow(proxy: FaultProxy) -> None:
    proxy.delay_seconds = 5.0


@asynccontextmanager
async def behind_a_bad_line(
    database: Secret[str], spicedb: "SpiceDb"
) -> AsyncIterator[tuple[FaultProxy, Served, httpx.AsyncClient, Robot]]:
    """Lend a control plane that reaches its engine through a proxy, its operator and a member of its Project."""
    async with proxied_address(spicedb.endpoint) as (proxy, endpoint):
        line = SpiceDbSettings(f"grpc://{endpoint}", spicedb.token)
        async with served(database, spicedb=line) as place, place.as_operator() as operator:
            member = await robot(operator, place.domain_id)
            await grant(operator, place.project_id, member.subject, "member", f"project:{place.project_id}")
            yield proxy, place, operator, member


def requests_of(place: Served, member: Robot) -> list[tuple[str, str, dict[str, Any]]]:
    project = f"/v1/projects/{place.project_id}"
    body = {"subject": member.subject, "relation": "admin", "resource": f"domain:{place.domain_id}"}
    return [
        ("GET", project, {}),
        ("GET", project, {"headers": member.headers}),
        ("POST", "/v1/domains", {"json": {"name": "Acme", "slug": "acme"}}),
        ("DELETE", project, {}),
        ("POST", f"{project}/bootstrap-tokens", {"json": {}}),
        ("POST", TUPLES, {"params": {"project_id": place.project_id}, "json": body}),
        ("POST", "/v1/authz/check", {"json": {**body, "relation": "manage"}}),
    ]


@pytest.mark.parametrize("fault", [down, silent, garbling, slow])
async def test_over_a_bad_line_nothing_is_granted_and_nothing_written_until_it_is_mended(
    database: Secret[str], spicedb: "SpiceDb", fault: Callable[[FaultProxy], None]
) -> None:
    """C10: down, timeout, reset and garbage alike: 503 `authz_unavailable` within 2 s, with Retry-After."""
    async with behind_a_bad_line(database, spicedb) as (proxy, place, operator, member):
        before = rows(database, WRITTEN)
        fault(proxy)
        async with asyncio.timeout(LATE_SECONDS):
            answers = await asyncio.gather(
                *[operator.request(method, path, **each) for method, path, each in requests_of(place, member)]
            )
        written = rows(database, WRITTEN)
        mend(proxy)
        async with asyncio.timeout(BACK_SECONDS):
            path = f"/v1/projects/{place.project_id}"
            while (await operator.get(path, headers=member.headers)).status_code != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    assert {(answer.status_code, code_of(answer)) for answer in answers} == {(503, "authz_unavailable")}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
    assert written == before


def mend(proxy: FaultProxy) -> None:
    proxy.is_refusing = proxy.is_garbling = False
    proxy.delay_seconds = 0.0
    proxy.swallow(everything=False)
    # What was kept or garbled on the way means nothing any more.
    proxy.cut_all()
