"""Binaries over real sockets: what is taken, what is handed out, and that nothing else ever is."""

import asyncio
import gzip
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from plexd.protocol.client.transport import Transport
from plexd.protocol.errors import Refused, Unreachable
from plexsphere.api.v1.artifacts import calls
from plexsphere.api.v1.artifacts.controller import BINARY
from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.adapters.local_directory.outgoing import PART
from tests.support.bare_server import until
from tests.support.control_plane import Served, served
from tests.support.event_reader import Enrolled, enrol
from tests.support.postgres import TestServer
from tests.support.raw_http import RawAnswer, bearer, call, connected, request
from tests.support.tables import trail

pytestmark = [pytest.mark.postgres, pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

ALL: Final = "/v1/artifacts/plexd"
LARGE: Final = os.urandom(5 * PART + 17)
VERSIONS: Final = iter(range(1_000_000))


@dataclass(frozen=True)
class Site:
    """A control plane with a folder of artifacts, and a node of it."""

    place: Served
    folder: Path
    node: Enrolled

    @property
    def base_url(self) -> str:
        return self.place.base_url

    @property
    def headers(self) -> dict[str, str]:
        """Return what the operator sends with a binary."""
        return {**bearer(self.place.operator.reveal()), "Content-Type": "application/octet-stream"}

    async def put(self, path: str, octets: bytes, **headers: str) -> RawAnswer:
        """Release a binary."""
        return await call(self.base_url, "PUT", f"{ALL}/{path}", octets, {**self.headers, **headers})

    async def released(self, octets: bytes) -> str:
        """Release a binary under a version that nobody has, and return that."""
        version = f"1.{next(VERSIONS)}"
        assert (await self.put(f"{version}/linux/amd64", octets)).status == 201
        return version

    async def get(self, path: str, **headers: str) -> RawAnswer:
        """Ask for a path as the node."""
        told = bearer(self.node.registration.node_token.reveal())
        return await call(self.base_url, "GET", path, headers={**told, **headers})

    async def fetched(self, version: str, while_reading: Callable[[int], object] = bool) -> bytes:
        """Fetch a binary as the agent does; be told how much came, part by part."""
        received = bytearray()
        async with Transport.connected(self.base_url) as transport:
            channel = self.node.channel(transport)
            async with channel.artifact(version, "linux", "amd64", idle_seconds=10) as parts:
                async for part in parts:
                    received += part
                    while_reading(len(received))
        return bytes(received)

    def file(self, octets: bytes) -> Path:
        """Return where a content lies."""
        return self.folder / sha256(octets).hexdigest()

    def names(self) -> set[str]:
        """Return what lies in the folder."""
        return {path.name for path in self.folder.iterdir()}


@pytest.fixture(scope="module")
def lasting_database(postgres_server: TestServer) -> Iterator[Secret[str]]:
    with postgres_server.migrated_database() as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(
    lasting_database: Secret[str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("store") / "artifacts"
    async with (
        served(lasting_database, artifacts=folder) as place,
        Transport.connected(place.base_url) as transport,
    ):
        [token] = await place.bootstrap_tokens(1)
        yield Site(place, folder, await enrol(transport, token, "web-1"))


async def test_a_binary_goes_from_an_operator_to_an_agent_octet_by_octet(site: Site) -> None:
    version = await site.released(LARGE)

    assert await site.fetched(version) == LARGE
    rows = [row for row in trail(site.place.root.settings().dsn) if row[0] == "artifact.put"]
    assert rows
    assert {row[1:3] for row in rows} == {("granted", "platform:plexsphere")}


def chunked(octets: bytes, size: int = 10_000) -> bytes:
    pieces = [octets[start : start + size] for start in range(0, len(octets), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


async def test_a_binary_that_comes_in_chunks_or_as_gzip_is_the_same_one(site: Site) -> None:
    path, head = f"{ALL}/chunked/linux/amd64", {**site.headers, "Transfer-Encoding": "chunked"}

    async with connected(site.base_url) as lane:
        await lane.send(request("PUT", path, None, head) + chunked(LARGE))
        first = await lane.answer()
        packed = {**head, "Content-Encoding": "gzip", "Expect": "100-continue"}
        await lane.send(request("PUT", path, None, packed) + chunked(gzip.compress(LARGE)))
        again = await lane.answer()

    assert (first.status, again.status) == (201, 200)
    assert await site.fetched("chunked") == LARGE


@pytest.mark.parametrize("ending", ["cut", "reset"])
async def test_a_body_that_is_shorter_than_it_said_leaves_nothing(site: Site, ending: str) -> None:
    """H44: no half binary."""
    before = site.names()
    head = {**site.headers, "Content-Length": str(len(LARGE))}

    async with connected(site.base_url) as lane:
        await lane.send(request("PUT", f"{ALL}/short/linux/amd64", None, head) + LARGE[: 3 * PART])
        await until(lambda: site.names() != before)
        if ending == "reset":
            lane._writer.transport.abort()

    await until(lambda: site.names() == before)
    assert (await site.get(f"{ALL}/short/linux/amd64")).code == "release_not_found"


async def test_a_body_that_is_longer_than_it_said_is_never_taken_for_more(site: Site) -> None:
    head = {**site.headers, "Content-Length": "4"}

    async with connected(site.base_url) as lane:
        await lane.send(request("PUT", f"{ALL}/long/linux/amd64", None, head) + b"fourmore")
        assert (await lane.answer()).status in (201, 400)

    assert (await site.put("long/linux/amd64", b"four")).status in (200, 201)


async def test_what_is_too_large_is_refused_when_it_says_so_and_else_when_it_is(site: Site) -> None:
    """H10: reading stops at the cap, and what was read is gone."""
    before = site.names()
    told = {**site.headers, "Content-Length": str(BINARY.cap + 1)}

    async with connected(site.base_url) as lane:
        await lane.send(request("PUT", f"{ALL}/huge/linux/amd64", None, told))
        announced = await lane.answer()

    bomb = gzip.compress(bytes(BINARY.cap + 1), compresslevel=1)
    inflated = await site.put("huge/linux/amd64", bomb, **{"Content-Encoding": "gzip"})

    assert [(each.status, each.code) for each in (announced, inflated)] == [(413, "artifact_too_large")] * 2
    assert site.names() == before


@dataclass
class Opened:
    """What this process opens while it looks."""

    paths: list[str] = field(default_factory=list)
    is_looking: bool = False

    def hook(self, event: str, given: tuple[Any, ...]) -> None:
        """Note what an audit event of the interpreter says was opened."""
        if self.is_looking and event in ("open", "os.listdir", "os.scandir", "os.rename", "os.remove"):
            self.paths.append(os.fsdecode(given[0]) if isinstance(given[0], str | bytes | Path) else "?")


OPENED: Final = Opened()
HOSTILE: Final = (
    "..",
    "%2e%2e",
    "%2e%2e%2f%2e%2e%2fsecret",
    "%252e%252e%252fsecret",
    "..%5c..%5csecret",
    "..\\..\\secret",
    "%00",
    "1.5.0%00",
    "%2fetc%2fpasswd",
    "/etc/passwd",
    "//etc/passwd",
    "file:%2f%2f%2fetc%2fpasswd",
    "link",
    "%ef%bc%8e%ef%bc%8e",
    "%e2%80%ae1.5",
    "%c0%ae%c0%ae%c0%af",
    "%ff%fe",
    "1.5.0%0a",
    "1.5.0%20",
    "~",
    ".incoming-x",
    "*",
    "C:%5csecret",
)


async def test_no_name_leads_out_of_the_folder_and_none_but_a_released_one_to_a_file(site: Site) -> None:
    """H43: every hostile name in every place is a 404, and nothing outside the store is opened."""
    version = await site.released(LARGE)
    (site.folder.parent / "secret").write_text("secret")
    (site.folder / "link").symlink_to(site.folder.parent / "secret")
    sys.addaudithook(OPENED.hook)
    token = bearer(site.node.registration.node_token.reveal())

    OPENED.is_looking = True
    async with connected(site.base_url) as lane:
        answers = [
            await lane.call("GET", f"{ALL}/{path}", headers=token)
            for name in HOSTILE
            for path in (f"{name}/linux/amd64", f"{version}/{name}/amd64", f"{version}/linux/{name}")
        ]
    named = list(OPENED.paths)
    fine = await site.get(f"{ALL}/{version}/linux/amd64")
    OPENED.is_looking = False

    assert {(each.status, each.code) for each in answers} <= {
        (404, "release_not_found"),
        (404, "route_not_found"),
    }
    assert named == []
    assert fine.body == LARGE
    assert {Path(path).parent for path in OPENED.paths} == {site.folder}


async def test_a_digest_is_no_name_of_a_release(site: Site) -> None:
    """H43: a file of the folder is not fetched by what it is called there."""
    await site.released(LARGE)
    digest = sha256(LARGE).hexdigest()

    answers = [await site.get(f"{ALL}/{path}") for path in (f"{digest}/linux/amd64", f"1/linux/{digest}")]

    assert [each.code for each in answers] == ["release_not_found"] * 2


def flip(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        octet = file.read(1)
        file.seek(at)
        file.write(bytes([octet[0] ^ 1]))


def replace_by_a_link(path: Path) -> None:
    path.rename(path.parent.parent / "moved")
    path.symlink_to("../moved")


DAMAGES: Final[dict[str, Callable[[Path], object]]] = {
    "other_digest": lambda path: flip(path, 4 * PART),
    "other_size": lambda path: os.truncate(path, PART),
    "missing": os.unlink,
    "no_regular_file": replace_by_a_link,
}


@pytest.mark.parametrize("fault", DAMAGES)
async def test_a_binary_that_is_not_what_was_released_is_a_503_without_an_octet_of_it(
    site: Site, fault: str
) -> None:
    """H44: flipped, cut, gone, or a link: no byte is sent, and the alert is counted."""
    octets = os.urandom(5 * PART)
    version = await site.released(octets)
    counts = site.place.root.artifacts().alerts.counts
    before = counts[fault]
    DAMAGES[fault](site.file(octets))

    answer = await site.get(f"{ALL}/{version}/linux/amd64")
    with pytest.raises(Refused):
        await site.fetched(version)

    assert (answer.status, answer.code) == (503, "artifact_unavailable")
    assert answer.header("retry-after")
    assert counts[fault] == before + 2
    if fault == "missing":
        assert (await site.put(f"{version}/linux/amd64", octets)).status == 200
        assert await site.fetched(version) == octets


async def test_a_binary_that_changes_while_it_is_sent_ends_the_connection_short_of_its_length(
    site: Site,
) -> None:
    """H44: never a complete wrong body, and no octet that differs."""
    octets = os.urandom(48 * PART)
    version = await site.released(octets)
    received = bytearray()

    def change(_: int) -> None:
        flip(site.file(octets), len(octets) - 1)

    async def read() -> None:
        async with Transport.connected(site.base_url) as transport:
            channel = site.node.channel(transport)
            async with channel.artifact(version, "linux", "amd64", idle_seconds=10) as parts:
                async for part in parts:
                    if not received:
                        change(0)
                        await asyncio.sleep(0.1)
                    received.extend(part)

    with pytest.raises(Unreachable):
        await read()

    assert len(received) < len(octets)
    assert octets.startswith(bytes(received))
    assert site.place.root.artifacts().alerts.counts["changed_while_sent"] >= 1


@pytest.mark.parametrize(
    "bounds", [{"SEND_SECONDS": 0.2}, {"GRACE_SECONDS": 0.2, "SLOWEST_OCTETS_A_SECOND": 2**40}]
)
async def test_a_reader_that_takes_nothing_or_too_little_is_cut_and_gives_its_place_back(
    site: Site, bounds: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, bound in bounds.items():
        monkeypatch.setattr(calls, name, bound)
    octets = os.urandom(64 * PART)
    version = await site.released(octets)
    places = site.place.root.artifacts().downloads.places
    token = bearer(site.node.registration.node_token.reveal())

    async with connected(site.base_url) as lane:
        await lane.send(request("GET", f"{ALL}/{version}/linux/amd64", headers=token))
        await until(lambda: places.taken == 1)
        await until(lambda: places.taken == 0)
        with suppress(asyncio.IncompleteReadError):
            answer = await lane.answer()
            assert len(answer.body) < len(octets)


async def test_for_a_reader_that_left_nothing_more_is_read_and_its_place_is_free(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    octets = os.urandom(256 * PART)
    version = await site.released(octets)
    places = site.place.root.artifacts().downloads.places
    token = bearer(site.node.registration.node_token.reveal())
    pread, reads = os.pread, [0]

    def counting(handle: int, count: int, start: int) -> bytes:
        reads[0] += 1
        return pread(handle, count, start)

    monkeypatch.setattr(os, "pread", counting)
    async with connected(site.base_url) as lane:
        await lane.send(request("GET", f"{ALL}/{version}/linux/amd64", headers=token))
        await lane.head()

    await until(lambda: places.taken == 0)
    # Once to compare it, and then what the buffers between the two took.
    assert reads[0] < 1.5 * 256
