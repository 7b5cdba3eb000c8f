"""What a process refuses to start without, told in one line; and how it ends."""

import asyncio
import base64
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from plexd.protocol.client.control_plane import ControlPlane
from plexd.protocol.client.transport import Transport
from plexd.simulate.node import SimulatedNode
from plexsphere.composition.bridges.denials import MOST_PER_WINDOW
from plexsphere.platform.kernel.secret import Secret
from tests.support.command_line import Ended, plexsphere, within
from tests.support.control_plane import WRAP_KEY, first_boot, free_port, served, two_processes
from tests.support.robots import robot
from tests.support.tables import rows, trail

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

KEY = base64.b64encode(WRAP_KEY).decode()
OTHER_KEY = base64.b64encode(bytes(reversed(WRAP_KEY))).decode()
DSN, WRAP = "PLEXSPHERE_DSN", "PLEXSPHERE_NSK_WRAP_KEY_B64"
PUSH_WRAP = "PLEXSPHERE_MANAGED_PUSH_WRAP_KEY_B64"
FORMER_PUSH_WRAP = "PLEXSPHERE_MANAGED_PUSH_WRAP_KEY_PREVIOUS_B64"
AWAY = "postgresql://plexsphere:hunter2@127.0.0.1:1/plexsphere"


def require_one_line(ended: Ended, *named: str, never: tuple[str, ...] = ()) -> None:
    """Demand a refusal: a status, one line that names what is wrong, nothing of the values, no traceback."""
    assert ended.status != 0
    assert ended.said == ""
    [line] = ended.complained.splitlines()
    assert line.startswith("Error: ")
    for name in named:
        assert name in line
    for value in ("hunter2", *never):
        assert value not in line


REFUSALS = {
    "no database named": ({WRAP: KEY}, (DSN, "plexsphere up")),
    "a database that is no connection string": ({DSN: "rubbish:hunter2", WRAP: KEY}, (DSN, "postgresql://")),
    "a database that is away": ({DSN: AWAY, WRAP: KEY}, (DSN, "PostgreSQL runs")),
    "no wrap key": ({DSN: AWAY}, (WRAP, "32 random bytes")),
    "a wrap key that is not base64": ({DSN: AWAY, WRAP: "hunter2 hunter2"}, (WRAP, "openssl rand")),
    "a wrap key of 31 bytes": (
        {DSN: AWAY, WRAP: base64.b64encode(WRAP_KEY[1:]).decode()},
        (WRAP, "32 bytes", "openssl rand"),
    ),
    "a wrap key of 33 bytes": (
        {DSN: AWAY, WRAP: base64.b64encode(WRAP_KEY + b"x").decode()},
        (WRAP, "32 bytes", "openssl rand"),
    ),
    "an address without a port": (
        {DSN: AWAY, WRAP: KEY, "PLEXSPHERE_LISTEN": "hunter2"},
        ("PLEXSPHERE_LISTEN", "127.0.0.1:8080"),
    ),
    "a number that is none": (
        {DSN: AWAY, WRAP: KEY, "PLEXSPHERE_POOL_SIZE": "hunter2"},
        ("PLEXSPHERE_POOL_SIZE",),
    ),
    "a network that is none": (
        {DSN: AWAY, WRAP: KEY, "PLEXSPHERE_TRUSTED_PROXIES": "10.0.0.0/8,hunter2"},
        ("PLEXSPHERE_TRUSTED_PROXIES", "10.0.0.0/8"),
    ),
    "a certificate without its key": (
        {DSN: AWAY, WRAP: KEY, "PLEXSPHERE_TLS_CERT_FILE": "/hunter2"},
        ("PLEXSPHERE_TLS_CERT_FILE", "PLEXSPHERE_TLS_KEY_FILE"),
    ),
    "certificate files that are not there": (
        {DSN: AWAY, WRAP: KEY, "PLEXSPHERE_TLS_CERT_FILE": "/hunter2", "PLEXSPHERE_TLS_KEY_FILE": "/hunter2"},
        ("PLEXSPHERE_TLS_CERT_FILE", "PEM"),
    ),
    "a wrap key of managed push that is not base64": (
        {DSN: AWAY, WRAP: KEY, PUSH_WRAP: "hunter2 hunter2"},
        (PUSH_WRAP, "openssl rand"),
    ),
    "a wrap key of managed push of 31 bytes": (
        {DSN: AWAY, WRAP: KEY, PUSH_WRAP: base64.b64encode(WRAP_KEY[1:]).decode()},
        (PUSH_WRAP, "32 bytes", "openssl rand"),
    ),
    "a wrap key of managed push of 33 bytes": (
        {DSN: AWAY, WRAP: KEY, PUSH_WRAP: base64.b64encode(WRAP_KEY + b"x").decode()},
        (PUSH_WRAP, "32 bytes", "openssl rand"),
    ),
    "a former wrap key of managed push that is none": (
        {DSN: AWAY, WRAP: KEY, PUSH_WRAP: KEY, FORMER_PUSH_WRAP: "hunter2"},
        (FORMER_PUSH_WRAP, "openssl rand"),
    ),
    "a former wrap key of managed push and none that follows it": (
        {DSN: AWAY, WRAP: KEY, FORMER_PUSH_WRAP: KEY},
        (FORMER_PUSH_WRAP, PUSH_WRAP),
    ),
    "an egress network that is none": (
        {DSN: AWAY, WRAP: KEY, PUSH_WRAP: KEY, "PLEXSPHERE_MANAGED_PUSH_EGRESS_ALLOW": "hunter2/8"},
        ("PLEXSPHERE_MANAGED_PUSH_EGRESS_ALLOW", "10.0.0.0/8"),
    ),
    "an egress network with bits of a host": (
        {DSN: AWAY, WRAP: KEY, "PLEXSPHERE_MANAGED_PUSH_EGRESS_DENY": "10.0.0.1/8"},
        ("PLEXSPHERE_MANAGED_PUSH_EGRESS_DENY", "10.0.0.0/8"),
    ),
    "a SpiceDB without its token": (
        {DSN: AWAY, WRAP: KEY, "PLEXSPHERE_SPICEDB_ENDPOINT": "grpc://hunter2:1"},
        ("PLEXSPHERE_SPICEDB_TOKEN",),
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_serve_says_in_one_line_what_it_lacks_and_never_a_value(case: str) -> None:
    """C34."""
    environ, named = REFUSALS[case]

    ended = within("serve", **environ)

    keys = [environ[name] for name in (WRAP, PUSH_WRAP, FORMER_PUSH_WRAP) if name in environ]
    require_one_line(ended, *named, never=tuple(keys))


@pytest.mark.parametrize("command", [("migrate",), ("token", "operator"), ("authz", "reconcile"), ("up",)])
def test_every_command_says_so_when_the_database_is_away(command: tuple[str, ...], tmp_path: Path) -> None:
    spicedb = {"PLEXSPHERE_SPICEDB_ENDPOINT": "grpc://127.0.0.1:1", "PLEXSPHERE_SPICEDB_TOKEN": "hunter2"}
    local = {DSN: AWAY, WRAP: KEY, "PLEXSPHERE_DATA_DIR": str(tmp_path)}

    ended = within(*command, **local, **spicedb)

    require_one_line(ended, DSN)


def test_up_says_so_when_it_cannot_have_its_data_folder() -> None:
    ended = within("up", PLEXSPHERE_DATA_DIR="/proc/plexsphere")

    require_one_line(ended, "PLEXSPHERE_DATA_DIR", "/proc/plexsphere")


def test_up_says_so_when_its_address_is_none(tmp_path: Path) -> None:
    local = {DSN: AWAY, "PLEXSPHERE_DATA_DIR": str(tmp_path), "PLEXSPHERE_LISTEN": "hunter2"}

    ended = within("up", **local)

    require_one_line(ended, "PLEXSPHERE_LISTEN", "127.0.0.1:8080")


async def test_the_same_refusal_reaches_a_shell() -> None:
    ended = await plexsphere("serve", **{DSN: AWAY, WRAP: "hunter2 hunter2"})

    require_one_line(ended, WRAP)


@pytest.mark.parametrize("key", ["hunter2 hunter2", base64.b64encode(WRAP_KEY[1:]).decode()])
@pytest.mark.parametrize("command", ["serve", "up"])
async def test_a_key_of_managed_push_that_is_none_ends_the_process_within_three_seconds(
    command: str, key: str, tmp_path: Path
) -> None:
    """C34: as a process of its own, with a database it never comes to ask."""
    given = {DSN: AWAY, WRAP: KEY, PUSH_WRAP: key, "PLEXSPHERE_DATA_DIR": str(tmp_path)}
    began = time.monotonic()

    ended = await plexsphere(command, **given)

    require_one_line(ended, PUSH_WRAP, never=(key,))
    assert time.monotonic() - began < 3.0


async def test_a_database_without_the_schema_is_refused_with_the_command_that_helps(
    empty_database: Secret[str],
) -> None:
    ended = await plexsphere("serve", **{DSN: empty_database.reveal(), WRAP: KEY})

    require_one_line(ended, "plexsphere migrate", never=(empty_database.reveal(),))


async def test_a_wrap_key_that_is_not_this_databases_own_is_refused_and_changes_nothing(
    database: Secret[str],
) -> None:
    """C34: the sealed self-check fails closed."""
    await first_boot(database)
    before = sealed_rows(database)

    ended = await plexsphere("serve", **{DSN: database.reveal(), WRAP: OTHER_KEY})

    require_one_line(ended, WRAP, "first boot", never=(OTHER_KEY, KEY))
    assert sealed_rows(database) == before


def sealed_rows(database: Secret[str]) -> list[tuple[object, ...]]:
    checks = rows(database, "SELECT purpose, sealed FROM sealed_checks")
    return [*checks, *rows(database, "SELECT id, private_sealed FROM signing_keys")]


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


async def test_an_address_in_use_is_named(database: Secret[str], taken_port: int) -> None:
    listen = {"PLEXSPHERE_LISTEN": f"127.0.0.1:{taken_port}"}

    ended = await plexsphere("serve", **{DSN: database.reveal(), WRAP: KEY, **listen})

    require_one_line(ended, "PLEXSPHERE_LISTEN", f"127.0.0.1:{taken_port}")


async def test_a_spicedb_that_is_away_is_named(database: Secret[str]) -> None:
    spicedb = {
        "PLEXSPHERE_SPICEDB_ENDPOINT": f"grpc://127.0.0.1:{free_port()}",
        "PLEXSPHERE_SPICEDB_TOKEN": "hunter2",
    }

    ended = await plexsphere("serve", **{DSN: database.reveal(), WRAP: KEY, **spicedb})

    require_one_line(ended, "PLEXSPHERE_SPICEDB_ENDPOINT", "PLEXSPHERE_SPICEDB_TOKEN")


@pytest.mark.parametrize("endpoint", ["hunter2:50051", "ftp://hunter2:50051", "grpc://hunter2:port"])
def test_a_spicedb_endpoint_that_is_none_is_named(database: Secret[str], endpoint: str) -> None:
    spicedb = {"PLEXSPHERE_SPICEDB_ENDPOINT": endpoint, "PLEXSPHERE_SPICEDB_TOKEN": "hunter2"}

    ended = within("serve", **{DSN: database.reveal(), WRAP: KEY, **spicedb})

    require_one_line(ended, "PLEXSPHERE_SPICEDB_ENDPOINT", "grpcs://")


async def test_serve_ends_in_order_within_three_seconds_of_sigterm(database: Secret[str]) -> None:
    async with (
        two_processes(database) as (place, server, _),
        Transport.connected(place.base_url) as transport,
    ):
        [token] = await place.bootstrap_tokens(1)
        async with SimulatedNode(ControlPlane(transport), token, "web-01") as node:
            await node.until_streaming()
            async with asyncio.timeout(3):
                status = await server.terminate()

    assert status == 0


async def test_denials_that_were_only_counted_are_written_at_the_end(database: Secret[str]) -> None:
    """D33: a flood is folded into counted rows, and an orderly end loses none of it."""
    async with served(database) as place, place.as_operator() as client:
        stranger = await robot(client, place.domain_id)
        for _ in range(MOST_PER_WINDOW * 3):
            answer = await client.get(f"/v1/domains/{place.domain_id}", headers=stranger.headers)
            assert answer.status_code == 403

    denied = [context for _, outcome, _, context in trail(database) if outcome == "permission_denied"]
    assert sum(context.get("folded", 1) for context in denied) == MOST_PER_WINDOW * 3
