"""The control plane over a real SpiceDB (design D12)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest

from plexsphere.composition.boot import booted
from plexsphere.composition.first_boot import FirstBoot
from plexsphere.composition.health import NOBODY
from plexsphere.composition.settings import SpiceDb as SpiceDbSettings
from plexsphere.identity.adapters.spicedb_mirror import SpiceDbMirror
from plexsphere.identity.application.await_mirror import PATIENCE_SECONDS
from plexsphere.identity.application.reconcile_authorizer import Differences
from plexsphere.identity.domain.authorization_errors import AuthzUnavailable
from plexsphere.identity.domain.relation_tuple import Triple
from plexsphere.identity.domain.tuple_change import Operation, TupleChange
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, domain_object
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable
from tests.e2e.test_boot import DSN, KEY, WRAP
from tests.support.api import code_of
from tests.support.command_line import Ended, plexsphere
from tests.support.control_plane import Served, first_boot, served, settings_for, until_readiness
from tests.support.robots import TUPLES, grant, made, robot
from tests.support.tables import rows

if TYPE_CHECKING:
    from tests.support.spicedb import SpiceDb

pytestmark = [pytest.mark.postgres, pytest.mark.spicedb, pytest.mark.e2e]

# An answer that had to wait for an engine that is away comes this late at most, on a busy machine.
LATE_SECONDS = PATIENCE_SECONDS + 1


def named(spicedb: "SpiceDb") -> SpiceDbSettings:
    return SpiceDbSettings(f"grpc://{spicedb.endpoint}", spicedb.token)


@asynccontextmanager
async def mirrored(database: Secret[str], spicedb: "SpiceDb") -> AsyncIterator[tuple[Served, Any]]:
    """Lend a control plane that asks this engine, and its operator's client."""
    async with served(database, spicedb=named(spicedb)) as place, place.as_operator() as operator:
        yield place, operator


def waiting(database: Secret[str]) -> int:
    [(count,)] = rows(database, "SELECT count(*) FROM authz_outbox")
    return int(count)


async def test_operators_work_and_what_they_wrote_is_mirrored_when_they_are_answered(
    database: Secret[str], spicedb: "SpiceDb"
) -> None:
    async with mirrored(database, spicedb) as (place, operator):
        acme = await made(operator, "/v1/domains", {"name": "Acme", "slug": "acme"})
        assert waiting(database) == 0
        web = {"domain_id": acme["id"], "name": "Web", "slug": "web"}
        project = await made(operator, "/v1/projects", web)
        assert waiting(database) == 0
        caller = await robot(operator, acme["id"])
        path = f"/v1/projects/{project['id']}"
        for _ in range(10):
            tuple_id = await grant(
                operator, project["id"], caller.subject, "admin", f"project:{project['id']}"
            )
            allowed = await operator.get(path, headers=caller.headers)
            revoked = await operator.delete(f"{TUPLES}/{tuple_id}")
            denied = await operator.get(path, headers=caller.headers)

            assert [allowed.status_code, revoked.status_code, denied.status_code] == [200, 204, 403]
        assert (await operator.delete(path)).status_code == 204
        assert waiting(database) == 0
        assert (await operator.get(path)).status_code == 404
        ready = await operator.get("/v1/health")

    assert ready.status_code == 200
    assert {check["name"]: check["status"] for check in ready.json()["checks"]} == {
        "datastore": "ok",
        "schema": "ok",
        "authorization": "ok",
        "sequencer": "ok",
    }
    assert place.domain_id


async def test_a_grant_and_its_revocation_count_at_once_on_another_server(
    database: Secret[str], spicedb: "SpiceDb"
) -> None:
    """C11, with the engine between them."""
    async with (
        mirrored(database, spicedb) as (place, here),
        served(database, place=place, spicedb=named(spicedb)) as other,
        other.as_operator() as there,
    ):
        caller = await robot(here, place.domain_id)
        resource = f"project:{place.project_id}"
        for _ in range(20):
            tuple_id = await grant(here, place.project_id, caller.subject, "member", resource)
            allowed = await there.get(f"/v1/projects/{place.project_id}", headers=caller.headers)
            await here.delete(f"{TUPLES}/{tuple_id}")
            denied = await there.get(f"/v1/projects/{place.project_id}", headers=caller.headers)
            here, there = there, here

            assert [allowed.status_code, denied.status_code] == [200, 403]


async def test_without_its_engine_nothing_is_allowed_and_nothing_written(
    database: Secret[str], spicedb: "SpiceDb"
) -> None:
    """C10, M21: 503 within about 2 s, alive but not ready; nodes are served on."""
    async with mirrored(database, spicedb) as (place, operator):
        caller = await robot(operator, place.domain_id)
        before = rows(database, "SELECT count(*) FROM relation_tuples, domains, projects")
        spicedb.close()
        body = {"subject": caller.subject, "relation": "admin", "resource": f"domain:{place.domain_id}"}
        requests = [
            ("GET", "/v1/domains", {}),
            ("GET", f"/v1/domains/{place.domain_id}", {}),
            ("POST", "/v1/domains", {"json": {"name": "Acme", "slug": "acme"}}),
            ("PATCH", f"/v1/projects/{place.project_id}", {"json": {"name": "Renamed"}}),
            ("DELETE", f"/v1/projects/{place.project_id}", {}),
            ("POST", TUPLES, {"params": {"project_id": place.project_id}, "json": body}),
            ("POST", "/v1/authz/check", {"json": {**body, "relation": "manage"}}),
        ]

        async with asyncio.timeout(LATE_SECONDS):
            answers = await asyncio.gather(
                *[operator.request(method, path, **options) for method, path, options in requests]
            )
        async with asyncio.timeout(LATE_SECONDS):
            live, ready = await asyncio.gather(operator.get("/health"), until_readiness(place.base_url, 503))

        assert [(answer.status_code, code_of(answer)) for answer in answers] == [
            (503, "authz_unavailable")
        ] * len(requests)
        assert all("retry-after" in answer.headers for answer in answers)
        assert [live.status_code, ready.status_code] == [200, 503]
    assert rows(database, "SELECT count(*) FROM relation_tuples, domains, projects") == before


async def test_a_write_whose_mirror_is_late_stands_and_every_check_waits_for_it(
    database: Secret[str], spicedb: "SpiceDb"
) -> None:
    """D12: the committed write is no error; until it is mirrored nobody is told anything."""
    async with mirrored(database, spicedb) as (place, operator):
        caller = await robot(operator, place.domain_id)
        path = f"/v1/projects/{place.project_id}"
        tuple_id = await grant(
            operator, place.project_id, caller.subject, "member", f"project:{place.project_id}"
        )
        spicedb.refuse_writes(True)

        revoked = await operator.delete(f"{TUPLES}/{tuple_id}")
        meanwhile = [await operator.get(path, headers=headers) for headers in ({}, caller.headers)]
        spicedb.refuse_writes(False)
        afterwards = await until_told(operator, path, caller.headers)

    assert revoked.status_code == 204
    assert [(answer.status_code, code_of(answer)) for answer in meanwhile] == [(503, "authz_unavailable")] * 2
    assert afterwards.status_code == 403


async def until_told(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> httpx.Response:
    async with asyncio.timeout(10):
        while True:
            answer = await client.get(path, headers=headers)
            if answer.status_code != 503:
                return answer
            await asyncio.sleep(0.05)


async def test_servers_that_boot_at_one_moment_fill_an_empty_engine_together(
    database: Secret[str], spicedb: "SpiceDb"
) -> None:
    settings = settings_for(database, 0, pool_size=4, spicedb=named(spicedb))
    async with AsyncExitStack() as stack:
        roots = await asyncio.gather(*[stack.enter_async_context(booted(settings)) for _ in range(3)])
        boots = [
            FirstBoot(root.authorization().unit_of_work, root.platform().trail, root.tenancy(), root.policy())
            for root in roots
        ]
        await asyncio.gather(*[boot() for boot in boots])
        await boots[0].operator_token()

        assert waiting(database) == 0
        assert await roots[1].authorization().mirroring.reconcile(repair=False) == Differences()


async def test_the_channel_to_the_engine_ends_with_the_process(
    database: Secret[str], spicedb: "SpiceDb"
) -> None:
    async with booted(settings_for(database, 0, pool_size=4, spicedb=named(spicedb))) as root:
        authorizer = root.authorization().authorizer
        await authorizer.check(NOBODY, "manage", PLATFORM_OBJECT)

    with pytest.raises((AuthzUnavailable, StoreUnavailable)):
        await authorizer.authorizer.check(NOBODY, "manage", PLATFORM_OBJECT)


async def test_reconcile_reports_what_differs_and_repairs_it_when_told_to(
    database: Secret[str], spicedb: "SpiceDb"
) -> None:
    async with served(database, spicedb=named(spicedb)) as place:
        mirror = SpiceDbMirror(place.root.authorization().authorizer.authorizer._client, "")
        lost = Triple(PLATFORM_OBJECT, "platform", domain_object(UUID(place.domain_id)))
        stale = Triple(NOBODY, "admin", PLATFORM_OBJECT)
        await mirror.apply(
            [TupleChange(Operation.DELETE, lost), TupleChange(Operation.TOUCH, stale)], await mirror.fence()
        )

    reported = await reconcile(database, spicedb)
    repaired = await reconcile(database, spicedb, "--repair")
    afterwards = await reconcile(database, spicedb)

    assert reported.said == "found: 1 missing in SpiceDB, 1 stale there\n"
    assert repaired.said == "repaired: 1 missing in SpiceDB, 1 stale there\n"
    assert afterwards.said == "found: 0 missing in SpiceDB, 0 stale there\n"


async def test_reconcile_fills_no_empty_engine_unless_told_to(
    database: Secret[str], spicedb: "SpiceDb"
) -> None:
    await first_boot(database)

    reported = await reconcile(database, spicedb)
    repaired = await reconcile(database, spicedb, "--repair")

    assert reported.status != 0
    assert reported.complained.startswith("Error: SpiceDB does not answer, or does not hold our schema yet")
    [(tuples,)] = rows(database, "SELECT count(*) FROM relation_tuples")
    assert repaired.said == f"repaired: {tuples} missing in SpiceDB, 0 stale there\n"
    assert (await reconcile(database, spicedb)).said == "found: 0 missing in SpiceDB, 0 stale there\n"


async def reconcile(database: Secret[str], spicedb: "SpiceDb", *options: str) -> Ended:
    engine = {
        "PLEXSPHERE_SPICEDB_ENDPOINT": f"grpc://{spicedb.endpoint}",
        "PLEXSPHERE_SPICEDB_TOKEN": spicedb.token.reveal(),
    }
    return await plexsphere("authz", "reconcile", *options, **{DSN: database.reveal(), WRAP: KEY, **engine})
