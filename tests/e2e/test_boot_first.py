"""The first boot makes its few things once, whoever else boots at that moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from plexsphere.composition.boot import booted
from plexsphere.composition.first_boot import FirstBoot
from plexsphere.identity.domain.domain import DomainDraft
from plexsphere.identity.domain.project import ProjectDraft
from plexsphere.platform.kernel.secret import Secret
from tests.support.command_line import up
from tests.support.control_plane import settings_for
from tests.support.postgres import server_folder
from tests.support.tables import rows

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

WRITTEN_DOWN = """
    SELECT relation, object_type, chain_id = '00000000-0000-0000-0000-000000000000', outcome
    FROM (
        SELECT chain_id, subject, relation, object_type, outcome FROM audit_inbox
        UNION ALL SELECT chain_id, subject, relation, object_type, outcome FROM audit_entries
    ) AS trail
    WHERE subject = 'platform:plexsphere' ORDER BY relation
"""
ONCE = {
    WRITTEN_DOWN: [
        ("domain.create", "domain", True, "granted"),
        ("policy.create", "project", False, "granted"),
        ("project.create", "project", False, "granted"),
    ],
    "SELECT slug FROM domains": [("default",)],
    "SELECT slug FROM projects": [("default",)],
    "SELECT slug FROM network_policies": [("default-allow-all",)],
    "SELECT status FROM signing_keys": [("current",)],
    "SELECT purpose FROM sealed_checks": [("node-secret-keys",)],
}


def first_boot_of(root: Any) -> FirstBoot:
    return FirstBoot(root.authorization().unit_of_work, root.platform().trail, root.tenancy(), root.policy())


@asynccontextmanager
async def processes(database: Secret[str], count: int) -> AsyncIterator[list[Any]]:
    """Boot several processes at one moment."""
    async with AsyncExitStack() as stack:
        opening = [
            stack.enter_async_context(booted(settings_for(database, 0, pool_size=4))) for _ in range(count)
        ]
        yield await asyncio.gather(*opening)


def made(database: Secret[str]) -> dict[str, list[tuple[Any, ...]]]:
    return {statement: rows(database, statement) for statement in ONCE}


async def test_processes_that_first_boot_at_one_moment_make_everything_once(database: Secret[str]) -> None:
    async with processes(database, 4) as roots:
        await asyncio.gather(*[first_boot_of(root)() for root in roots])

    assert made(database) == ONCE


async def test_two_that_come_up_on_one_empty_database_make_everything_once(
    empty_database: Secret[str],
) -> None:
    environ = {
        "PLEXSPHERE_DSN": empty_database.reveal(),
        "PLEXSPHERE_NSK_WRAP_KEY_B64": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    }
    with server_folder() as folder:
        async with up(folder / "one", **environ) as one, up(folder / "other", **environ) as other:
            await asyncio.gather(one.until_ready(), other.until_ready())

    assert made(empty_database) == ONCE


async def test_a_deployment_that_has_a_domain_gets_no_other_and_no_open_policy(database: Secret[str]) -> None:
    """A Project that an operator called `default` in a Domain of his own stays closed."""
    async with processes(database, 1) as [root]:
        tenancy = root.tenancy()
        domain = await tenancy.create_domain(DomainDraft("acme", "Acme"))
        await tenancy.create_project(ProjectDraft(domain.id, "default", "Default"))

        await first_boot_of(root)()

    assert rows(database, "SELECT slug FROM domains") == [("acme",)]
    assert rows(database, "SELECT slug FROM network_policies") == []
    assert rows(database, WRITTEN_DOWN) == []


async def test_the_default_domain_is_found_behind_many_others(database: Secret[str]) -> None:
    async with processes(database, 1) as [root]:
        tenancy = root.tenancy()
        for number in range(201):
            await tenancy.create_domain(DomainDraft(f"a-{number}", "Acme", mesh_cidr="10.0.0.0/24"))
        domain = await tenancy.create_domain(DomainDraft("default", "Default"))
        await tenancy.create_project(ProjectDraft(domain.id, "default", "Default"))

        await first_boot_of(root)()

    assert rows(database, "SELECT slug FROM network_policies") == [("default-allow-all",)]
