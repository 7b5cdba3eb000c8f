"""From settings to a served address, and how a refusal to start is told."""

import asyncio
import contextlib
import gc
import sys
from collections.abc import AsyncGenerator, Coroutine
from typing import Any, Final

import click
import uvloop

from plexsphere.composition.boot import SchemaBehind, booted
from plexsphere.composition.embedded.errors import EmbeddedPostgresError
from plexsphere.composition.server import listening_socket
from plexsphere.composition.settings import SPICEDB_VAR, Settings, SettingsError
from plexsphere.identity.domain.authorization_errors import AuthzUnavailable
from plexsphere.platform.db.migrator import MigrationNotApplied
from plexsphere.platform.db.schema_state import SchemaBeyond
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable
from plexsphere.platform.telemetry.logs import configure_logging

DATABASE_AWAY: Final = "the database does not let us in; check PLEXSPHERE_DSN and that PostgreSQL runs"
AUTHZ_AWAY: Final = f"SpiceDB does not answer; check {SPICEDB_VAR}, PLEXSPHERE_SPICEDB_TOKEN and that it runs"
SAID: Final = (SettingsError, SchemaBehind, SchemaBeyond, MigrationNotApplied, EmbeddedPostgresError)


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a command's work on uvloop and say in one line why it cannot be done."""
    configure_logging()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work)
    except SAID as error:
        raise click.ClickException(str(error)) from None
    except StoreUnavailable:
        raise click.ClickException(DATABASE_AWAY) from None
    except AuthzUnavailable:
        raise click.ClickException(AUTHZ_AWAY) from None


@contextlib.asynccontextmanager
async def serving(settings: Settings, clock: Clock | None = None) -> AsyncGenerator[Any]:
    """
    Yield the root while the process serves; leaving the block stops it in order.

    Raises:
        SettingsError: the address cannot be bound; or whatever `booted` refuses.
    """
    async with booted(settings, clock) as root:
        listener = _bound(settings)
        process = root.process()
        # What was built so far stays for good: the collector need not look at it again and again.
        gc.freeze()
        task = asyncio.create_task(process.serve(listener))
        try:
            yield root
            await task
        finally:
            process.stop()
            await asyncio.wait([task])
            await asyncio.to_thread(root.telemetry().shut_down)


def _bound(settings: Settings) -> Any:
    try:
        return listening_socket(settings.listen)
    except OSError as error:
        address = f"{settings.listen.host}:{settings.listen.port}"
        raise SettingsError(
            f"cannot listen on {address} ({error.strerror}); stop what listens there, or set PLEXSPHERE_LISTEN"
        ) from None


def say(line: str) -> None:
    """Tell the person at the terminal; logs go elsewhere."""
    print(line, file=sys.stdout, flush=True)
