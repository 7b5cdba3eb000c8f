"""The managed-push trail in PostgreSQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.errors import ForeignKeyViolation

from plexsphere.managed_push.adapters.postgres.sealed_pushes import SealedPushes
from plexsphere.managed_push.domain.errors import DomainNotFound
from plexsphere.managed_push.domain.record import Record
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, PushId

GET: Final = """
SELECT domain_id, id, namespace, pushed_spec, prior_state, object_uid, kubeconfig_sha256, api_server_url,
    pushed_at, rolled_back_at
FROM domain_hook_push WHERE domain_id = %s AND id = %s
"""
ADD: Final = """
INSERT INTO domain_hook_push (
    domain_id, id, namespace, hook_name, pushed_spec, prior_state, status, object_uid, kubeconfig_sha256,
    api_server_url, pushed_at, rolled_back_at
) VALUES (
    %(domain)s, %(push)s, %(namespace)s, %(name)s, %(spec)s, %(prior_state)s, %(status)s, %(uid)s, %(sha256)s,
    %(server)s, %(pushed_at)s, %(rolled_back_at)s
)
"""
ROLL_BACK: Final = """
UPDATE domain_hook_push SET status = 'rolled_back', rolled_back_at = %s
WHERE domain_id = %s AND id = %s AND status = 'applied'
"""
HAS_NEWER: Final = """
SELECT EXISTS (
    SELECT FROM domain_hook_push AS this
    JOIN domain_hook_push AS later USING (domain_id, namespace, hook_name)
    WHERE this.domain_id = %s AND this.id = %s AND later.position > this.position AND later.status = 'applied'
)
"""


@dataclass(frozen=True, slots=True)
class PostgresRecords:
    """Answers the port `Records`."""

    database: Database
    sealed: SealedPushes

    async def get(self, domain_id: DomainId, push_id: PushId, /) -> Record | None:
        """Read by the primary key, and open what is sealed; SealBroken where it does not open."""
        async with self.database.connection() as connection:
            row = await (await connection.execute(GET, [domain_id, push_id])).fetchone()
        return None if row is None else self._record(*row)

    async def add(self, record: Record, /) -> None:
        """Insert the row."""
        async with self.database.connection() as connection:
            try:
                await connection.execute(ADD, self._values(record))
            except ForeignKeyViolation as error:
                raise DomainNotFound(record.domain_id) from error

    async def roll_back(self, record: Record, /) -> bool:
        """Flip an applied row: of several at once one finds it so."""
        values = [record.rolled_back_at, record.domain_id, record.id]
        async with self.database.connection() as connection:
            return (await connection.execute(ROLL_BACK, values)).rowcount == 1

    async def has_newer(self, record: Record, /) -> bool:
        """Look behind the record in the index of its object."""
        values = [record.domain_id, record.id]
        async with self.database.connection() as connection:
            row = await (await connection.execute(HAS_NEWER, values)).fetchone()
        return row is not None and bool(row[0])

    def _values(self, record: Record) -> dict[str, Any]:
        ids = record.domain_id, record.id
        return {
            "domain": record.domain_id,
            "push": record.id,
            "namespace": record.request.namespace,
            "name": record.request.spec.name,
            "spec": self.sealed.spec(*ids, record.request),
            "prior_state": self.sealed.stored(*ids, record.prior_state),
            "status": record.status.value,
            "uid": record.object_uid,
            "sha256": record.kubeconfig_sha256,
            "server": record.api_server_url,
            "pushed_at": record.pushed_at,
            "rolled_back_at": record.rolled_back_at,
        }

    def _record(
        self,
        domain_id: UUID,
        push_id: UUID,
        namespace: str,
        spec: Mapping[str, Any],
        prior_state: bytes | None,
        object_uid: str,
        kubeconfig_sha256: str,
        api_server_url: str,
        pushed_at: datetime,
        rolled_back_at: datetime | None,
    ) -> Record:
        ids = DomainId(domain_id), PushId(push_id)
        return Record(
            id=ids[1],
            domain_id=ids[0],
            request=self.sealed.request(*ids, namespace, spec),
            prior_state=self.sealed.prior_state(*ids, prior_state),
            object_uid=object_uid,
            kubeconfig_sha256=kubeconfig_sha256,
            api_server_url=api_server_url,
            pushed_at=pushed_at,
            rolled_back_at=rolled_back_at,
        )
