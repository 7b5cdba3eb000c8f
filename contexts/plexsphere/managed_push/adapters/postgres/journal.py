"""The journal of intents in PostgreSQL."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from psycopg.errors import ForeignKeyViolation
from psycopg.rows import TupleRow

from plexsphere.managed_push.adapters.postgres.sealed_pushes import SealedPushes
from plexsphere.managed_push.domain.cluster_object import ClusterObject
from plexsphere.managed_push.domain.errors import DomainNotFound
from plexsphere.managed_push.domain.intent import Author, Deed, Intent
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, PushId
from plexsphere.platform.kernel.sealing import SealBroken

LOG: Final = logging.getLogger("plexsphere.managed_push")

COLUMNS: Final = """
    intent.domain_id, intent.push_id, intent.deed, intent.namespace, intent.spec, intent.subject, intent.correlation_id,
    intent.kubeconfig_sha256, intent.api_server_url, intent.captured_at IS NOT NULL, intent.prior_state
"""
OF_OBJECT: Final = """
    domain_id = %(domain)s AND api_server_url = %(server)s AND namespace = %(namespace)s AND hook_name = %(name)s
"""
THIS: Final = f"{OF_OBJECT} AND push_id = %(push)s AND deed = %(deed)s"

# ruff: noqa: S608  # every statement is put together from constants of this module alone
OPEN: Final = """
INSERT INTO managed_push_intents (
    domain_id, namespace, hook_name, push_id, deed, spec, subject, correlation_id, kubeconfig_sha256, api_server_url,
    captured_at, prior_state, created_at, leased_until, left_alone_until
) VALUES (
    %(domain)s, %(namespace)s, %(name)s, %(push)s, %(deed)s, %(spec)s, %(subject)s, %(correlation_id)s, %(sha256)s,
    %(server)s, CASE WHEN %(is_captured)s THEN statement_timestamp() END, %(prior_state)s, statement_timestamp(),
    statement_timestamp() + %(lease)s, statement_timestamp() + %(lease)s
)
ON CONFLICT (domain_id, api_server_url, namespace, hook_name) DO NOTHING
"""
# The lease is asked for as late as can be: who took the intent over believes that nothing was sent since.
CAPTURE: Final = f"""
UPDATE managed_push_intents SET prior_state = %(prior_state)s, captured_at = clock_timestamp()
WHERE {THIS} AND leased_until > clock_timestamp()
"""
CLOSE: Final = f"DELETE FROM managed_push_intents WHERE {THIS}"
TAKE_OVERDUE: Final = f"""
WITH due AS MATERIALIZED (
    SELECT domain_id, api_server_url, namespace, hook_name, left_alone_until AS since FROM managed_push_intents
    WHERE left_alone_until <= statement_timestamp()
    ORDER BY left_alone_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE managed_push_intents AS intent SET
    takeovers = takeovers + 1,
    left_alone_until = statement_timestamp() + least(%(lease)s * power(2, least(takeovers, 20)), interval '1 hour')
FROM due
WHERE (intent.domain_id, intent.api_server_url, intent.namespace, intent.hook_name)
    = (due.domain_id, due.api_server_url, due.namespace, due.hook_name)
RETURNING due.since, {COLUMNS}
"""
OVERDUE_AT: Final = f"""
SELECT {COLUMNS} FROM managed_push_intents AS intent
WHERE {OF_OBJECT} AND leased_until <= statement_timestamp()
"""
OVERDUE_OF: Final = f"""
SELECT {COLUMNS} FROM managed_push_intents AS intent
WHERE domain_id = %(domain)s AND leased_until <= statement_timestamp() ORDER BY leased_until LIMIT %(limit)s
"""
HAS_LIVE: Final = """
SELECT EXISTS (SELECT FROM managed_push_intents WHERE domain_id = %s AND leased_until > statement_timestamp())
"""


@dataclass(frozen=True, slots=True)
class PostgresJournal:
    """Answers the port `Journal`."""

    database: Database
    sealed: SealedPushes

    async def open(self, intent: Intent, lease: timedelta, /) -> bool:
        """Insert the row; the primary key lets one of an object in."""
        async with self.database.connection() as connection:
            try:
                opened = await connection.execute(OPEN, {**self._values(intent), "lease": lease})
            except ForeignKeyViolation as error:
                raise DomainNotFound(intent.domain_id) from error
        return opened.rowcount == 1

    async def capture(self, intent: Intent, prior_state: ClusterObject | None, /) -> Intent | None:
        """Keep the object's octets, sealed, if the row is there and within its lease."""
        sealed = self.sealed.stored(intent.domain_id, intent.push_id, prior_state)
        if not await self._is_changed(CAPTURE, {**_place(intent), "prior_state": sealed}):
            return None
        return replace(intent, is_captured=True, prior_state=prior_state)

    async def close(self, intent: Intent, /) -> bool:
        """Delete the row: of several at once one finds it."""
        return await self._is_changed(CLOSE, _place(intent))

    async def take_overdue(self, limit: int, lease: timedelta, /) -> Sequence[Intent]:
        """Pass over what another one takes at this moment, and what does not open."""
        rows = await self._rows(TAKE_OVERDUE, {"limit": limit, "lease": lease})
        return self._intents(columns for _, *columns in sorted(rows, key=itemgetter(0)))

    async def overdue_at(self, intent: Intent, /) -> Intent | None:
        """Read the object's only row, if its lease is over and it opens."""
        return next(iter(self._intents(await self._rows(OVERDUE_AT, _place(intent)))), None)

    async def overdue_of(self, domain_id: DomainId, limit: int, /) -> Sequence[Intent]:
        """Read, and pass over what does not open."""
        return self._intents(await self._rows(OVERDUE_OF, {"domain": domain_id, "limit": limit}))

    async def has_live(self, domain_id: DomainId, /) -> bool:
        """Look for one."""
        return bool((await self._rows(HAS_LIVE, [domain_id]))[0][0])

    async def _is_changed(self, statement: str, given: Mapping[str, Any]) -> bool:
        async with self.database.connection() as connection:
            return (await connection.execute(statement, given)).rowcount == 1

    async def _rows(self, statement: str, given: Sequence[Any] | Mapping[str, Any]) -> list[TupleRow]:
        async with self.database.connection() as connection:
            return await (await connection.execute(statement, given)).fetchall()

    def _values(self, intent: Intent) -> dict[str, Any]:
        ids = intent.domain_id, intent.push_id
        return {
            **_place(intent),
            "spec": self.sealed.spec(*ids, intent.request),
            "subject": intent.author.subject,
            "correlation_id": intent.author.correlation_id,
            "sha256": intent.kubeconfig_sha256,
            "is_captured": intent.is_captured,
            "prior_state": self.sealed.stored(*ids, intent.prior_state),
        }

    def _intents(self, rows: Iterable[Sequence[Any]]) -> list[Intent]:
        return [intent for row in rows for intent in self._opened(row)]

    def _opened(self, row: Sequence[Any]) -> Iterator[Intent]:
        try:
            yield self._intent(*row)
        except SealBroken:
            # One Domain's trouble keeps nobody from settling what others left.
            LOG.error("the intent of push %s does not open: it cannot be settled", row[1])

    def _intent(
        self,
        domain_id: UUID,
        push_id: UUID,
        deed: str,
        namespace: str,
        spec: Mapping[str, Any],
        subject: str,
        correlation_id: str,
        kubeconfig_sha256: str,
        api_server_url: str,
        is_captured: bool,
        prior_state: bytes | None,
    ) -> Intent:
        ids = DomainId(domain_id), PushId(push_id)
        return Intent(
            push_id=ids[1],
            deed=Deed(deed),
            domain_id=ids[0],
            request=self.sealed.request(*ids, namespace, spec),
            author=Author(subject, correlation_id),
            kubeconfig_sha256=kubeconfig_sha256,
            api_server_url=api_server_url,
            is_captured=is_captured,
            prior_state=self.sealed.prior_state(*ids, prior_state),
        )


def _place(intent: Intent) -> dict[str, Any]:
    return {
        "domain": intent.domain_id,
        "server": intent.api_server_url,
        "namespace": intent.request.namespace,
        "name": intent.request.spec.name,
        "push": intent.push_id,
        "deed": intent.deed.value,
    }
