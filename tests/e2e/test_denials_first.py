"""A denial is in the audit trail before it is answered, over a real socket and a real store (design D33)."""

import asyncio

import psycopg
import pytest

from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import served
from tests.support.robots import robot
from tests.support.tables import trail

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

A_FULL_DISK = """
    CREATE FUNCTION plexsphere.full_disk() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER full_disk BEFORE INSERT ON plexsphere.audit_inbox
        FOR EACH STATEMENT EXECUTE FUNCTION plexsphere.full_disk()
"""


def denials(database: Secret[str]) -> list[tuple[str, str]]:
    return [
        (relation, about) for relation, outcome, about, _ in trail(database) if outcome == "permission_denied"
    ]


async def test_a_denial_is_answered_once_its_row_is_committed(database: Secret[str]) -> None:
    """H48: denials are audit-first."""
    async with served(database) as place, place.as_operator() as client:
        stranger = await robot(client, place.domain_id)
        path = f"/v1/domains/{place.domain_id}"
        with psycopg.connect(database.reveal()) as holder:
            holder.execute("LOCK TABLE plexsphere.audit_inbox IN EXCLUSIVE MODE")
            asking = asyncio.create_task(client.get(path, headers=stranger.headers))
            await asyncio.sleep(0.5)
            was_answered = asking.done()
        answer = await asking

        assert (was_answered, answer.status_code) == (False, 403)
        assert denials(database) == [("domain.read", f"domain:{place.domain_id}")]


async def test_a_denial_whose_row_cannot_be_written_is_no_answer(database: Secret[str]) -> None:
    """H48: who cannot write the denial down does not tell it either."""
    async with served(database) as place, place.as_operator() as client:
        stranger = await robot(client, place.domain_id)
        path = f"/v1/domains/{place.domain_id}"
        with psycopg.connect(database.reveal()) as saboteur:
            saboteur.execute(A_FULL_DISK)

        answer = await client.get(path, headers=stranger.headers)

        assert (answer.status_code, answer.json()["code"]) == (503, "datastore_unavailable")
        assert answer.headers["retry-after"]
        assert denials(database) == []
