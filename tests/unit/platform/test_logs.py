"""Logs: one JSON object a line, and whatever happens no secret in any."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.platform.kernel.correlation import CORRELATION_ID
from plexsphere.platform.kernel.secret import MASK, Secret
from plexsphere.platform.telemetry.logs import SafeFormatter, SafeHandler
from plexsphere.platform.telemetry.masking import LONGEST, masked

CANARY = "c4n4ry"


class Log:
    """A logger of its own, and the lines it wrote."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        handler = SafeHandler(self._stream)
        handler.setFormatter(SafeFormatter())
        self.logger = logging.Logger("test", logging.DEBUG)
        self.logger.addHandler(handler)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._stream.getvalue().splitlines()]

    @property
    def text(self) -> str:
        return self._stream.getvalue()


@pytest.fixture
def log() -> Log:
    return Log()


def test_a_line_says_when_how_grave_where_what_and_for_which_request(log: Log) -> None:
    token = CORRELATION_ID.set("request-1")
    log.logger.info("%d nodes\nleft", 3, extra={"batch": 7})
    CORRELATION_ID.reset(token)

    (line,) = log.lines
    timestamp = line.pop("timestamp")
    assert timestamp.endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "test",
        "message": "3 nodes\nleft",
        "correlation_id": "request-1",
        "batch": 7,
    }


class DriverError(Exception):
    """Quotes what it was given, as drivers do."""


def provoke() -> None:
    token = CANARY
    try:
        raise DriverError(f"Key (token)=({token}) already exists")
    except DriverError as error:
        raise ExceptionGroup(CANARY, [error, ValueError(CANARY)]) from error


def test_an_exception_is_its_type_and_places_and_never_its_text(log: Log) -> None:
    """H46: no text, no values, no locals; what it was raised from is told the same way."""
    try:
        provoke()
    except ExceptionGroup as error:
        log.logger.exception("failed with %s", error)
        log.logger.error(error)
        log.logger.error("%(error)s", {"error": error})

    assert CANARY not in log.text
    first, second, third = log.lines
    assert first["message"] == "failed with ExceptionGroup"
    assert second["message"] == third["message"] == "ExceptionGroup"
    kinds = [each["type"] for each in first["exception"]]
    assert kinds[0] == "ExceptionGroup"
    assert set(kinds[1:]) == {f"{__name__}.DriverError", "ValueError"}
    assert any(frame.endswith(":provoke") for frame in first["exception"][0]["frames"])


def endless() -> None:
    endless()


def test_what_is_told_of_an_exception_is_bounded(log: Log) -> None:
    try:
        endless()
    except RecursionError:
        log.logger.exception("too deep")

    assert len(log.lines[0]["exception"][0]["frames"]) <= 20


SHOWN: list[Callable[[logging.Logger], None]] = [
    lambda log: log.debug(f"token plx_api_0197c9f08a117c3e_{CANARY}-_x"),
    lambda log: log.debug("GET /?t=%s", f"plx_node_{CANARY}"),
    lambda log: log.debug(f"Authorization: Bearer {CANARY}.x~y+z/=="),
    lambda log: log.debug(f"authorization: Basic {CANARY}="),
    lambda log: log.debug("%s", {"authorization": f"Bearer {CANARY}"}),
    lambda log: log.debug("%s", [(b"authorization", f"Basic {CANARY}".encode())]),
    lambda log: log.debug(f"postgresql://plexsphere:p@{CANARY}@db/plexsphere?x=1"),
    lambda log: log.debug(f"host=db password={CANARY} dbname=x"),
    lambda log: log.debug(f"host=db password='a \\'{CANARY}' dbname=x"),
    lambda log: log.debug(f'{{"password": "{CANARY}"}}'),
    lambda log: log.debug("wired", extra={"wrap_secret": CANARY}),
    lambda log: log.debug("wired", extra={"inner": {"dsn": CANARY, "list": [f"Bearer {CANARY}"]}}),
    lambda log: log.debug("wired", extra={"error": ValueError(CANARY), "deep": [[[[[[CANARY]]]]]]}),
    lambda log: log.debug("wired", extra={"value": Secret(CANARY), "octets": CANARY.encode()}),
    lambda log: log.debug("%s %r", Secret(CANARY), [Secret(CANARY)]),
    lambda log: log.debug("%d", CANARY),
    lambda log: log.debug("%s %s", CANARY),
]


@pytest.mark.parametrize("show", SHOWN)
def test_what_looks_like_a_secret_is_masked(log: Log, show: Callable[[logging.Logger], None]) -> None:
    """H46: the last line of defence, at debug level; a record that cannot be written does not print its values."""
    show(log.logger)

    assert CANARY not in log.text
    assert len(log.lines) == 1


def test_what_is_no_secret_is_left_alone() -> None:
    text = "basic rules of 10.0.0.0/8 at https://plexsphere.example:8080/v1 hold; passwords are none of it"

    assert masked(text) == text


@given(
    st.text(max_size=200),
    st.text("abcXYZ019_-", min_size=1, max_size=60),
    st.sampled_from(["api", "node", "enroll"]),
)
def test_no_token_survives_wherever_it_stands(around: str, secret: str, kind: str) -> None:
    text = masked(f"{around} plx_{kind}_Q7{secret} {around}")

    assert f"Q7{secret}" not in text.replace(masked(around), "")
    assert MASK in text


def test_a_line_is_bounded(log: Log) -> None:
    log.logger.info("x" * 10 * LONGEST)

    assert len(log.lines[0]["message"]) == LONGEST


PROCESS = f"""
import asyncio, gc, logging, warnings
from plexsphere.platform.db.pool import build_pool
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.telemetry.logs import configure_logging
configure_logging("DEBUG")
async def fails():
    token = "{CANARY}"
    raise ValueError(token)
async def main():
    task = asyncio.create_task(fails())
    await asyncio.sleep(0)
    del task
    gc.collect()
    asyncio.get_running_loop().call_soon(lambda text: 1 / 0, "{CANARY}")
    pool = build_pool(Secret("host=/nowhere user=u password={CANARY}"), 1)
    await pool.open()
    await asyncio.sleep(0.2)
    await pool.close()
warnings.warn("a warning")
asyncio.run(main(), debug=True)
raise RuntimeError("{CANARY}")
"""


def test_a_whole_process_at_debug_level_shows_no_canary() -> None:
    """H46: tasks nobody awaited, callbacks, a pool without a database, an exception nobody caught."""
    run = subprocess.run(
        [sys.executable, "-c", PROCESS], capture_output=True, text=True, timeout=60, check=False
    )

    lines = [json.loads(line) for line in run.stderr.splitlines()]
    assert CANARY not in run.stderr + run.stdout
    assert run.returncode == 1
    assert {"timestamp", "level", "logger", "message", "correlation_id"} <= set.intersection(*map(set, lines))
    assert {"asyncio", "py.warnings", "psycopg.pool", "plexsphere.uncaught"} <= {
        line["logger"] for line in lines
    }


SERVER = """
import asyncio
from plexsphere.platform.telemetry.logs import configure_logging
from tests.support.bare_server import bare_server
from tests.support.raw_http import request
configure_logging()
async def said(server, octets):
    async with server.connected() as lane:
        await lane.send(octets)
        return (await lane.answer()).status
async def main():
    upgrade = request("GET", "/", headers={"Connection": "upgrade", "Upgrade": "websocket"})
    async with bare_server() as server:
        print([await said(server, octets) for octets in (b"nonsense\\r\\n\\r\\n", upgrade)])
asyncio.run(main())
"""


def test_what_strangers_say_to_the_server_writes_no_line() -> None:
    """H46: else the log is theirs to fill."""
    run = subprocess.run(
        [sys.executable, "-c", SERVER], capture_output=True, text=True, timeout=60, check=False
    )

    assert (run.stdout, run.stderr) == ("[400, 200]\n", "")
