"""Projects in PostgreSQL."""

from typing import Any, Final
from uuid import UUID

from psycopg.errors import ForeignKeyViolation, UniqueViolation

from plexsphere.identity.domain.errors import ParentDomainMissing, ProjectSlugConflict
from plexsphere.identity.domain.page import Page
from plexsphere.identity.domain.project import Project
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, ProjectId

ADD: Final = """
    INSERT INTO projects (domain_id, id, slug, name, description, created_at, updated_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
GET: Final = """
    SELECT domain_id, id, slug, name, description, created_at, updated_at FROM projects WHERE id = %s
"""
# No bootstrap token is issued for a Project locked like this ...
CLAIM: Final = """
    SELECT domain_id, id, slug, name, description, created_at, updated_at FROM projects WHERE id = %s FOR UPDATE
"""
# ... and whoever was redeeming one has finished, so that its node is counted.
CLAIM_TOKENS: Final = """
    SELECT count(*) FROM (
        SELECT id FROM bootstrap_tokens
        WHERE domain_id = %s AND project_id = %s AND consumed_at IS NULL ORDER BY id FOR UPDATE
    ) AS held
"""
PAGE: Final = """
    SELECT domain_id, id, slug, name, description, created_at, updated_at
    FROM projects WHERE (slug, id) > (%s, %s) ORDER BY slug, id LIMIT %s
"""
PAGE_OF_DOMAIN: Final = """
    SELECT domain_id, id, slug, name, description, created_at, updated_at
    FROM projects WHERE domain_id = %s AND (slug, id) > (%s, %s) ORDER BY slug, id LIMIT %s
"""
PUT: Final = """
    UPDATE projects SET name = %s, description = %s, updated_at = %s WHERE domain_id = %s AND id = %s
"""
REMOVE: Final = "DELETE FROM projects WHERE domain_id = %s AND id = %s"

START: Final = ("", ProjectId(UUID(int=0)))


class PostgresProjects:
    """The collection of Projects."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, project: Project) -> None:
        """Keep a new Project; ProjectSlugConflict or ParentDomainMissing."""
        async with self._database.connection() as connection:
            try:
                await connection.execute(ADD, _row(project))
            except UniqueViolation as error:
                raise ProjectSlugConflict(project.domain_id) from error
            except ForeignKeyViolation as error:
                raise ParentDomainMissing(project.domain_id) from error

    async def get(self, project_id: ProjectId) -> Project | None:
        """Return the Project, or None."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(GET, [project_id])).fetchone()
        return None if row is None else _project(*row)

    async def claim(self, project_id: ProjectId) -> Project | None:
        """Return the Project, it and its bootstrap tokens locked until the unit of work ends, or None."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(CLAIM, [project_id])).fetchone()
            if row is None:
                return None
            project = _project(*row)
            await connection.execute(CLAIM_TOKENS, [project.domain_id, project.id])
        return project

    async def page(
        self, domain_id: DomainId | None, after: tuple[str, ProjectId] | None, limit: int
    ) -> Page[Project]:
        """Return up to `limit` Projects in the order of slug and id, from behind `after`."""
        bounds = (*(after or START), limit + 1)
        async with self._database.connection() as connection:
            if domain_id is None:
                cursor = await connection.execute(PAGE, bounds)
            else:
                cursor = await connection.execute(PAGE_OF_DOMAIN, (domain_id, *bounds))
            return Page.cut([_project(*row) for row in await cursor.fetchall()], limit)

    async def put(self, project: Project) -> None:
        """Keep the Project as it now is."""
        row = (project.name, project.description, project.updated_at, project.domain_id, project.id)
        async with self._database.connection() as connection:
            await connection.execute(PUT, row)

    async def remove(self, project: Project) -> None:
        """Forget a Project; its bootstrap tokens go with it."""
        async with self._database.connection() as connection:
            await connection.execute(REMOVE, [project.domain_id, project.id])


def _row(project: Project) -> tuple[Any, ...]:
    return (
        project.domain_id,
        project.id,
        project.slug,
        project.name,
        project.description,
        project.created_at,
        project.updated_at,
    )


def _project(*row: Any) -> Project:
    domain_id, project_id, slug, name, description, created_at, updated_at = row
    return Project(
        DomainId(domain_id), ProjectId(project_id), slug, name, created_at, updated_at, description
    )
