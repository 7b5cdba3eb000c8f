"""Managed push over real sockets: who is refused sends in vain, and caps are where they are said to be."""

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from plexsphere.composition.bounded_http import BoundedHttpProtocol
from plexsphere.platform.kernel.secret import Secret
from tests.support.api import ABSENT
from tests.support.control_plane import PROVISIONED, Served, served
from tests.support.postgres import TestServer
from tests.support.raw_http import RawAnswer, RawConnection, bearer, call, connected, request
from tests.support.robots import Robot, robot
from tests.support.tables import trail

pytestmark = [pytest.mark.postgres, pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

KIB: Final = 1024
CAP: Final = 64 * KIB
HUGE: Final = 100 * KIB * KIB
MOST_READ: Final = 128 * KIB
HOOK: Final = {"namespace": "shop", "name": "warm", "image_digest": "sha256:" + "a" * 64}
ATTACH: Final = {"kubeconfig_b64": base64.b64encode(b"no kubeconfig").decode(), "enabled": True}


@pytest.fixture(scope="module")
def lasting_database(postgres_server: TestServer) -> Iterator[Secret[str]]:
    with postgres_server.migrated_database() as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(lasting_database: Secret[str]) -> AsyncIterator[Served]:
    async with served(lasting_database, managed_push=PROVISIONED) as place:
        yield place


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stranger(place: Served) -> Robot:
    async with place.as_operator() as client:
        return await robot(client, place.domain_id)


@pytest.fixture
def read_octets(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count what the server takes from its sockets, which is more than what anybody looks at."""
    counted: list[int] = []
    received = BoundedHttpProtocol.data_received

    def counting(self: BoundedHttpProtocol, data: bytes) -> None:
        counted.append(len(data))
        received(self, data)

    monkeypatch.setattr(BoundedHttpProtocol, "data_received", counting)
    return counted


async def poured(base_url: str, head: bytes) -> RawAnswer:
    """Send a head and a body of 100 MB, as far as the other side takes it, and return what is answered."""
    url = urlsplit(base_url)
    link = socket.socket()
    # What waits in the system's own buffers was taken by nobody.
    link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * KIB)
    link.connect((url.hostname, url.port))
    reader, writer = await asyncio.open_connection(sock=link)
    lane = RawConnection(reader, writer)
    await lane.send(head)
    pouring = asyncio.create_task(_pour(lane))
    try:
        return await lane.answer()
    finally:
        pouring.cancel()
        with suppress(asyncio.CancelledError):
            await pouring
        lane.close()


async def _pour(lane: RawConnection) -> None:
    for _ in range(HUGE // KIB):
        await lane.send(b" " * KIB)
        await asyncio.sleep(0)


WRITES: Final = {"attach": ("PUT", ""), "push": ("POST", "/hooks")}


@pytest.mark.parametrize("write", WRITES)
async def test_who_is_denied_is_answered_before_his_body_is_read(
    place: Served, stranger: Robot, lasting_database: Secret[str], write: str, read_octets: list[int]
) -> None:
    """C09: under 128 KiB are read of 100 MB, whether the Domain exists or not; the denial stands in the trail."""
    method, suffix = WRITES[write]
    told = []
    for domain in (place.domain_id, str(ABSENT)):
        path = f"/v1/domains/{domain}/managed-push{suffix}"
        headers = {**stranger.headers, "Content-Type": "application/json", "Content-Length": str(HUGE)}
        read_octets.clear()
        answer = await poured(place.base_url, request(method, path, None, headers))
        body = answer.json()
        assert (answer.status, answer.code) == (403, "permission_denied")
        assert body.pop("instance") == path
        assert body.pop("correlation_id")
        assert sum(read_octets) < MOST_READ
        told.append(body)

        rows = [row for row in trail(lasting_database) if row[1] == "permission_denied"]
        assert {(row[0], row[2]) for row in rows} >= {
            (f"managed_push.{write}", f"domain:{domain}"),
        }
    assert told[0] == told[1]


def padded(body: Any, size: int) -> bytes:
    octets = json.dumps(body).encode()
    return octets + b" " * (size - len(octets))


def chunked(octets: bytes) -> bytes:
    pieces = [octets[place : place + 10_000] for place in range(0, len(octets), 10_000)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


BEYOND: Final = {"attach": (413, "kubeconfig_too_large"), "push": (400, "invalid_body")}
WITHIN: Final = {"attach": (422, "kubeconfig_invalid"), "push": (404, "managed_push_not_configured")}
BODIES: Final[dict[str, Any]] = {"attach": ATTACH, "push": HOOK}


@pytest.mark.parametrize("is_chunked", [False, True], ids=["with its length", "in chunks"])
@pytest.mark.parametrize("write", WRITES)
async def test_a_body_counts_up_to_its_cap_and_what_is_beyond_has_the_operations_own_name(
    place: Served, write: str, is_chunked: bool
) -> None:
    """H10: cap-1, cap and cap+1; only attaching knows a 413."""
    method, suffix = WRITES[write]
    path = f"/v1/domains/{place.domain_id}/managed-push{suffix}"
    headers = bearer(place.operator.reveal())
    answers = []
    for size in (CAP - 1, CAP, CAP + 1):
        body = padded(BODIES[write], size)
        if is_chunked:
            async with connected(place.base_url) as lane:
                told = {**headers, "Transfer-Encoding": "chunked", "Content-Type": "application/json"}
                await lane.send(request(method, path, None, told) + chunked(body))
                answers.append(await lane.answer())
        else:
            answers.append(await call(place.base_url, method, path, body, headers))

    assert [(answer.status, answer.code) for answer in answers] == [WITHIN[write]] * 2 + [BEYOND[write]]


async def test_a_rollback_takes_no_body_and_no_media_type(place: Served) -> None:
    path = f"/v1/domains/{place.domain_id}/managed-push/hooks/{ABSENT}"
    headers = bearer(place.operator.reveal())
    answers = [
        await call(place.base_url, "POST", path + spelled, None, told)
        for spelled in (":rollback", "/rollback", "%3Arollback")
        for told in (headers, {**headers, "Content-Length": "0"})
    ]

    assert {(answer.status, answer.code) for answer in answers} == {(404, "push_not_found")}


async def test_reads_are_in_the_trail_soon_and_only_granted_ones_that_found_something(
    place: Served, lasting_database: Secret[str]
) -> None:
    """Reads are written in the background (design D33); a refused one has no row of its own."""
    async with place.as_operator() as client:
        missing = await client.get(f"/v1/domains/{place.domain_id}/managed-push")

    await place.root.surface().reads.flush()

    assert missing.json()["code"] == "managed_push_not_configured"
    assert [row for row in trail(lasting_database) if row[0] == "managed_push.target.read"] == []
