"""`plexsphere audit verify`, run as an auditor runs it: with the database and no key."""

from typing import LiteralString

import psycopg
import pytest

from plexsphere.composition.boot import booted
from plexsphere.composition.first_boot import FirstBoot
from plexsphere.platform.kernel.secret import Secret
from tests.support.command_line import Ended, plexsphere, within
from tests.support.control_plane import settings_for
from tests.support.tables import rows

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

DSN = "PLEXSPHERE_DSN"


async def boot(database: Secret[str]) -> str:
    """Leave two sealed entries in the chain of Domain `default` and two in the platform's, and return its id."""
    async with booted(settings_for(database, 0, pool_size=4)) as root:
        first = FirstBoot(root.platform().database, root.platform().trail, root.tenancy(), root.policy())
        await first()
        await first.operator_token()
        for _ in range(2):
            # The first sealing of a chain opens its head.
            await root.platform().sequencer.seal()
    return str(rows(database, "SELECT id FROM domains")[0][0])


def tamper(database: Secret[str], statement: LiteralString) -> None:
    """Do what only whoever holds the database can do."""
    with psycopg.connect(database.reveal(), options="-c search_path=plexsphere") as connection:
        connection.execute(statement)


async def verify(database: Secret[str], *arguments: str) -> Ended:
    return await plexsphere("audit", "verify", *arguments, **{DSN: database.reveal()})


def told(ended: Ended) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in ended.said.splitlines())


async def test_an_untouched_chain_is_ok_and_its_newest_entry_is_told(database: Secret[str]) -> None:
    domain_id = await boot(database)

    platform = await verify(database)
    domain = await verify(database, "--domain", domain_id)

    assert (platform.status, platform.complained, domain.status) == (0, "", 0)
    newest = rows(
        database, "SELECT chain_id, seq, encode(entry_hash, 'hex') FROM audit_entries WHERE seq = 2"
    )
    hashes = {str(chain): entry_hash for chain, _, entry_hash in newest}
    assert told(domain) == {
        "chain": f"domain {domain_id}",
        "segment": "1 to 2",
        "verdict": "ok",
        "unsealed": "0",
        "checkpoint": f"2:{hashes[domain_id]}",
    }
    assert told(platform)["chain"] == "platform"
    assert told(platform)["checkpoint"].startswith("2:")


async def test_what_was_tampered_with_is_named_and_ends_with_status_1(database: Secret[str]) -> None:
    """C39: the first entry that is not what was written."""
    domain_id = await boot(database)
    tamper(
        database, "UPDATE audit_entries SET subject = 'user:x' WHERE seq = 2 AND relation = 'policy.create'"
    )

    domain = await verify(database, "--domain", domain_id)
    platform = await verify(database)

    assert (domain.status, told(domain)["verdict"].partition(" (")[0]) == (1, "broken at 2")
    assert (platform.status, told(platform)["verdict"]) == (0, "ok")


async def test_a_chain_that_was_cut_to_its_head_is_shown_by_a_checkpoint_kept_elsewhere(
    database: Secret[str],
) -> None:
    await boot(database)
    kept = told(await verify(database))["checkpoint"]
    tamper(
        database,
        """
        WITH cut AS (DELETE FROM audit_entries WHERE seq = 2 RETURNING chain_id, prev_hash)
        UPDATE audit_heads SET next_seq = 2, last_hash = prev_hash FROM cut WHERE cut.chain_id = audit_heads.chain_id
        """,
    )

    without = await verify(database)
    with_it = await verify(database, "--checkpoint", kept)

    assert (without.status, told(without)["verdict"]) == (0, "ok")
    assert (with_it.status, told(with_it)["verdict"].partition(" (")[0]) == (1, "broken at 2")


async def test_what_waits_to_be_sealed_is_told_with_its_age(database: Secret[str]) -> None:
    await boot(database)
    tamper(
        database,
        """
        INSERT INTO audit_inbox (chain_id, occurred_at, outcome, subject, relation, object_type, object_id,
            caveat_context, correlation_id)
        SELECT chain_id, clock_timestamp() - interval '1 hour', outcome, subject, relation, object_type, object_id,
            caveat_context, correlation_id
        FROM audit_entries WHERE seq = 1 AND chain_id = '00000000-0000-0000-0000-000000000000'
        """,
    )

    ended = await verify(database)

    assert told(ended)["unsealed"].startswith("1, the oldest for 36")


@pytest.mark.parametrize(
    "arguments",
    [("--domain", "acme"), ("--checkpoint", "2"), ("--checkpoint", "2:xyz"), ("--checkpoint", "0:ab")],
)
def test_what_names_no_chain_or_no_entry_is_refused(arguments: tuple[str, str]) -> None:
    ended = within("audit", "verify", *arguments, **{DSN: "postgresql://nowhere/none"})

    assert ended.status == 2
    assert f"Invalid value for '{arguments[0]}'" in ended.complained


async def test_a_database_without_our_tables_is_told_in_one_line(empty_database: Secret[str]) -> None:
    ended = await verify(empty_database)

    assert ended.status == 1
    assert ended.complained.endswith("run: plexsphere migrate\n")
    assert ended.said == ""
