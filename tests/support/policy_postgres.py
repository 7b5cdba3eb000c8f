"""The real collection of policies over one test database."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import ProjectId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.adapters.postgres.policies import PostgresPolicies
from tests.support.identity_postgres import lent_database
from tests.support.memory_policies import PolicyKit
from tests.support.policy import HOMES

MAKE_DOMAIN: Final = """
INSERT INTO domains (id, slug, name, mesh_cidr, created_at, updated_at)
VALUES (%(id)s, %(id)s::text, 'Acme', '10.100.0.0/16', now(), now())
"""
MAKE_MESH: Final = """
INSERT INTO meshes (domain_id, mesh_cidr, next_node_host, node_hosts_end, psk_base_sealed)
VALUES (%(id)s, '10.100.0.0/16', 1, 65000, 'sealed')
"""
MAKE_PROJECT: Final = """
INSERT INTO projects (domain_id, id, slug, name, created_at, updated_at)
VALUES (%s, %s, %s, 'Web', now(), now())
"""
FORGET_PROJECT: Final = "DELETE FROM projects WHERE id = %s"


def postgres_policies(database: Database) -> PolicyKit:
    """Return the real adapter over one database."""

    async def forget_project(project_id: ProjectId) -> None:
        async with database.connection() as connection:
            await connection.execute(FORGET_PROJECT, [project_id])

    return PolicyKit(database, PostgresPolicies(database), forget_project)


async def make_projects(database: Database) -> None:
    """Let the Projects of `HOMES` exist, each in its Domain with its mesh."""
    async with database.connection() as connection:
        for domain_id in set(HOMES.values()):
            await connection.execute(MAKE_DOMAIN, {"id": domain_id})
            await connection.execute(MAKE_MESH, {"id": domain_id})
        for project_id, domain_id in HOMES.items():
            await connection.execute(MAKE_PROJECT, [domain_id, project_id, str(project_id)])


@asynccontextmanager
async def lent_policies(dsn: Secret[str]) -> AsyncGenerator[PolicyKit]:
    """Lend the real adapter."""
    async with lent_database(dsn) as database:
        await make_projects(database)
        yield postgres_policies(database)
