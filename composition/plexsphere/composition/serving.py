"""From settings to a served address, and how a refusal to start is told."""

import asyncio
import contextlib
import gc
import sys
from collections.abc import AsyncGenerator, Coroutine
from socket import socket
from typing import Any, Final

import click
import uvloop

from plexsphere.composition.boot import SchemaBehind, booted
from plexsphere.composition.embedded.errors import EmbeddedPostgresError
from plexsphere.composition.metrics_server import MetricsApp, telling
from plexsphere.composition.server import listening_socket
from plexsphere.composition.settings import (
    LISTEN_VAR,
    METRICS_VAR,
    SPICEDB_VAR,
    Address,
    Settings,
    SettingsError,
)
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
        listener = _bound(settings.listen, LISTEN_VAR)
        process = root.process()
        # What was built so far stays for good: the collector need not look at it again and again.
        gc.freeze()
        async with _telling(settings, root):
            task = asyncio.create_task(process.serve(listener))
            try:
                yield root
                await task
            finally:
                process.stop()
                await asyncio.wait([task])
                await asyncio.to_thread(root.telemetry().shut_down)


@contextlib.asynccontextmanager
async def _telling(settings: Settings, root: Any) -> AsyncGenerator[None]:
    if settings.metrics is None:
        yield
        return
    app = MetricsApp(root.metrics(), root.views().hub.count_queued)
    async with telling(_bound(settings.metrics, METRICS_VAR), app, root.clock()):
        yield


def _bound(address: Address, variable: str) -> socket:
    try:
        return listening_socket(address)
    except OSError as error:
        where = f"{address.host}:{address.port}"
        raise SettingsError(
            f"cannot listen on {where} ({error.strerror}); stop what listens there, or set {variable}"
        ) from None


def say(line: str) -> None:
    """Tell the person at the terminal; logs go elsewhere."""
    print(line, file=sys.stdout, flush=True)
