"""Drift reports in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg.errors import ForeignKeyViolation
from psycopg.types.json import Jsonb

from plexsphere.fleet.domain.drift import Correction, DriftReport
from plexsphere.fleet.domain.errors import NodeNotFound
from plexsphere.fleet.ports.drift import MOST_REPORTS
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, NodeId

# The two parts see the table as it was before either, so the new row is not among those that are counted.
ADD: Final = """
WITH outdated AS (
    DELETE FROM node_drift WHERE domain_id = %(domain)s AND node_id = %(node)s AND id IN (
        SELECT id FROM node_drift WHERE domain_id = %(domain)s AND node_id = %(node)s
        ORDER BY reported_at DESC, id DESC OFFSET %(kept)s
    )
)
INSERT INTO node_drift (domain_id, node_id, id, reported_at, corrections)
VALUES (%(domain)s, %(node)s, %(id)s, %(reported_at)s, %(corrections)s)
"""
LIST: Final = """
SELECT id, reported_at, corrections FROM node_drift WHERE domain_id = %s AND node_id = %s
ORDER BY reported_at DESC, id DESC
"""


@dataclass(frozen=True, slots=True)
class PostgresDrift:
    """Answers the port `Drift`."""

    database: Database

    async def add(self, domain_id: DomainId, node_id: NodeId, report: DriftReport, /) -> None:
        """Insert the report and delete what it pushes out, in one statement."""
        given = {
            "domain": domain_id,
            "node": node_id,
            "id": report.id,
            "reported_at": report.reported_at,
            "corrections": Jsonb([[each.type, each.detail] for each in report.corrections]),
            "kept": MOST_REPORTS - 1,
        }
        try:
            async with self.database.connection() as connection:
                await connection.execute(ADD, given)
        except ForeignKeyViolation as error:
            raise NodeNotFound(node_id) from error

    async def list(self, domain_id: DomainId, node_id: NodeId, /) -> Sequence[DriftReport]:
        """Read the newest reports."""
        async with self.database.connection() as connection:
            cursor = await connection.execute(LIST, [domain_id, node_id])
            return [_report_of(row) for row in await cursor.fetchall()]


def _report_of(row: Sequence[Any]) -> DriftReport:
    report_id, reported_at, corrections = row
    return DriftReport(report_id, reported_at, tuple(Correction(*each) for each in corrections))
