"""plexsphere audit verify: prove that a chain of the audit trail is what was written."""

import os
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import click

from plexsphere.composition.boot import require_database, require_schema
from plexsphere.composition.serving import run, say
from plexsphere.composition.settings import dsn
from plexsphere.platform.audit.chain import Checkpoint, Divergence
from plexsphere.platform.audit.reader import ChainReader
from plexsphere.platform.audit.trail import PLATFORM_CHAIN
from plexsphere.platform.audit.verifier import AuditVerifier, Verification
from plexsphere.platform.db.database import Database
from plexsphere.platform.db.pool import build_pool
from plexsphere.platform.kernel.ids import parse_id
from plexsphere.platform.kernel.secret import Secret

EXAMPLE = """
\b
Example:
  plexsphere audit verify                     the platform's chain
  plexsphere audit verify --domain 0190f3a0-0000-7000-8000-0000000000d1
  plexsphere audit verify --checkpoint 42:9f86d081...  also against what was kept elsewhere
"""
CHECKPOINT: Final = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")
BROKEN: Final = 1


@click.group(epilog=EXAMPLE)
def audit() -> None:
    """The audit trail."""


def _chain(context: click.Context, parameter: click.Parameter, text: str | None) -> UUID:
    try:
        return PLATFORM_CHAIN if text is None else parse_id(text)
    except ValueError:
        raise click.BadParameter("not the id of a Domain") from None


def _checkpoint(context: click.Context, parameter: click.Parameter, text: str | None) -> Checkpoint | None:
    if text is None:
        return None
    found = CHECKPOINT.fullmatch(text)
    if found is None:
        raise click.BadParameter("not a sequence number, a colon and 64 hexadecimal digits")
    return Checkpoint(int(found[1]), bytes.fromhex(found[2]))


@audit.command(epilog=EXAMPLE)
@click.option(
    "--domain", "chain", metavar="ID", callback=_chain, help="This Domain's chain; else the platform's."
)
@click.option(
    "--checkpoint",
    metavar="SEQ:HASH",
    callback=_checkpoint,
    help="What an earlier run printed, kept elsewhere.",
)
def verify(chain: UUID, checkpoint: Checkpoint | None) -> None:
    """
    Recompute every hash of a chain, and end with status 1 where it is not what was written.

    Needs the database alone. Keep the checkpoint it prints where nobody who can write the database can change it: it
    shows, the next time, whether the chain was cut or built anew.
    """
    run(_verify(chain, checkpoint))


async def _verify(chain: UUID, kept: Checkpoint | None) -> None:
    database = dsn(os.environ)
    await require_database(database)
    await require_schema(database)
    async with _opened(database) as store:
        verifier = AuditVerifier(ChainReader(store))
        # Taken first, so that everything up to it is among what is verified.
        newest = await verifier.checkpoint(chain)
        found = await verifier.verify(chain, checkpoint=kept)
    say(f"chain: {'platform' if chain == PLATFORM_CHAIN else f'domain {chain}'}")
    say(f"segment: {found.segment_from} to {found.segment_to}")
    say(f"verdict: {'ok' if found.divergence is None else _in_words(found.divergence)}")
    say(f"unsealed: {_tail(found)}")
    say(f"checkpoint: {newest.seq}:{newest.entry_hash.hex()}")
    if not found.ok:
        raise click.exceptions.Exit(BROKEN)


@asynccontextmanager
async def _opened(database: Secret[str]) -> AsyncGenerator[Database]:
    pool = build_pool(database, 1)
    await pool.open()
    try:
        yield Database(pool)
    finally:
        await pool.close()


def _in_words(divergence: Divergence) -> str:
    expected, observed = (_hex(each) for each in (divergence.expected_hash, divergence.observed_hash))
    return f"broken at {divergence.seq} (expected {expected}, found {observed})"


def _hex(entry_hash: bytes | None) -> str:
    return "nothing" if entry_hash is None else entry_hash.hex()


def _tail(found: Verification) -> str:
    if not found.unsealed:
        return "0"
    return f"{found.unsealed}, the oldest for {found.oldest_unsealed.total_seconds():.1f} s"
