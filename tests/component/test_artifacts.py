"""Artifacts from the HTTP surface to a folder, with the real bridges and use cases over releases in memory."""

import gzip
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from plexsphere.api.callers import CallingNode
from plexsphere.api.gate import NodeGate
from plexsphere.api.node_calls import NodeCalls
from plexsphere.api.patience import PATIENT
from plexsphere.api.shedding import Shedding
from plexsphere.api.straight import EXTENSION
from plexsphere.api.v1.artifacts import operations
from plexsphere.api.v1.artifacts.calls import artifact_calls
from plexsphere.api.v1.artifacts.controller import UPLOAD_SECONDS
from plexsphere.composition.artifact_alerts import STORE_UNUSABLE, ArtifactAlerts
from plexsphere.composition.bridges.artifacts import ArtifactsBridge, DownloadsBridge
from plexsphere.composition.places import Places
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.audit import AuditEntry
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT
from plexsphere.platform.telemetry.traffic import Traffic
from plexsphere.policy.adapters.local_directory.artifact_store import LocalDirectory
from plexsphere.policy.application.artifacts.get_release import GetRelease
from plexsphere.policy.application.artifacts.list_releases import ListReleases
from plexsphere.policy.application.artifacts.open_artifact import OpenArtifact
from plexsphere.policy.application.artifacts.put_artifact import PutArtifact
from plexsphere.policy.application.artifacts.set_support_status import SetSupportStatus
from tests.support.api import AS_A_NODE, AS_ALICE, AS_ROBOT, ROBOT, Surface, code_of, roomy_limits, surface
from tests.support.artifacts import (
    A_BINARY,
    OTHER_BINARY,
    ReleaseStore,
    coming,
    content_of,
    memory_releases,
)
from tests.support.identity import FakeClock

NODE: Final = CallingNode(
    DomainId(UUID(int=0xD0)),
    NodeId(UUID("0190f3a0-0000-7000-8000-0000000000f1")),
    "0190f3a0-0000-7000-8000-0000000000f1",
)
ALL: Final = "/v1/artifacts/plexd"
RELEASE: Final = f"{ALL}/1.5.0"
LINUX: Final = f"{RELEASE}/linux/amd64"
ARM: Final = f"{RELEASE}/linux/arm64"
DIGEST: Final = content_of(A_BINARY).sha256


class OneNode:
    """Knows one node by its token."""

    def cached(self, bearer: Secret[str], /) -> CallingNode | None:
        return None

    async def resolve(self, bearer: Secret[str], /) -> CallingNode | None:
        return NODE if AS_A_NODE["Authorization"].endswith(bearer.reveal()) else None


@dataclass
class KeptTrail:
    """Keeps what was recorded within a unit of work."""

    store: ReleaseStore
    entries: list[AuditEntry] = field(default_factory=list)

    def record(self, entry: AuditEntry) -> None:
        if not self.store.is_open:
            raise RuntimeError("no unit of work is open")
        self.entries.append(entry)


class Scene:
    """The bridges over releases in memory and a real folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store, self.alerts = folder, ReleaseStore(), ArtifactAlerts()
        self.trail = KeptTrail(self.store)
        self.uploads, self.fetches = Places(1, "10"), Places(2, "10", 1)
        kit = memory_releases(self.store)
        store = LocalDirectory(folder, FakeClock(), mint_id)
        self.artifacts = ArtifactsBridge(
            kit.unit_of_work,
            self.trail,
            PutArtifact(kit.unit_of_work, kit.releases, store, self.trail, self.alerts),
            ListReleases(kit.releases),
            GetRelease(kit.releases),
            SetSupportStatus(kit.releases),
            self.uploads,
        )
        opened = OpenArtifact(kit.releases, store, self.alerts)
        self.downloads = DownloadsBridge(opened, self.fetches)


class Behind:
    """A bridge of whichever scene is on: assembling an application takes longer than a test."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.scene: Scene | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(getattr(self.scene, self.name), name)


ARTIFACTS: Final[Any] = Behind("artifacts")
DOWNLOADS: Final[Any] = Behind("downloads")


@dataclass(frozen=True)
class Client:
    """Calls the operations of one scene."""

    surface: Surface
    scene: Scene

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request."""
        return await self.surface.call(method, path, **options)

    async def put(self, path: str = LINUX, octets: bytes = A_BINARY, **options: Any) -> httpx.Response:
        """Release a binary."""
        return await self.call("PUT", path, content=octets, **options)

    async def fetch(self, path: str = LINUX) -> httpx.Response:
        """Fetch a binary as a node does."""
        headers = {**AS_A_NODE, "Accept": "application/json", "Accept-Encoding": "gzip"}
        return await self.call("GET", path, headers=headers)

    @property
    def file(self) -> Path:
        """Return where the content of the usual binary lies."""
        return self.scene.folder / DIGEST


def assembled(artifacts: Any, downloads: Any) -> Surface:
    gate = NodeGate(OneNode(), roomy_limits())
    calls = artifact_calls(gate, Shedding(Traffic()), downloads)
    return surface(NodeCalls(calls, [operations.PUT]), artifacts=artifacts)


@pytest.fixture(scope="module")
def whole() -> Surface:
    return assembled(ARTIFACTS, DOWNLOADS)


@pytest.fixture
def client(whole: Surface, tmp_path: Path) -> Client:
    ARTIFACTS.scene = DOWNLOADS.scene = scene = Scene(tmp_path / "artifacts")
    whole.denials.written.clear()
    whole.permissions.grants.clear()
    return Client(whole, scene)


@pytest.fixture(scope="module")
def off() -> Surface:
    return assembled(None, None)


async def test_a_binary_that_was_put_is_listed_shown_and_fetched(client: Client) -> None:
    put = await client.put(params={"sha256": DIGEST})
    [listed] = (await client.call("GET", ALL)).json()["items"]
    fetched = await client.fetch()

    assert (put.status_code, put.headers["location"]) == (201, RELEASE)
    assert put.json() == {
        "version": "1.5.0",
        "architecture": "amd64",
        "os": "linux",
        "checksum": DIGEST,
        "size": len(A_BINARY),
        "verdict": "verified",
    }
    assert listed == (await client.call("GET", RELEASE)).json()
    assert listed | {"created_at": "", "updated_at": ""} == {
        "version": "1.5.0",
        "support_status": "supported",
        "verdict": "verified",
        "architectures": [
            {
                "architecture": "amd64",
                "os": "linux",
                "checksum": DIGEST,
                "size": len(A_BINARY),
                "verdict": "verified",
            }
        ],
        "created_at": "",
        "updated_at": "",
    }
    assert (fetched.status_code, fetched.content) == (200, A_BINARY)
    assert fetched.headers["content-type"] == "application/octet-stream"
    assert fetched.headers["content-length"] == str(len(A_BINARY))
    assert "content-encoding" not in fetched.headers


async def test_a_range_is_not_heard_and_the_whole_is_sent(client: Client) -> None:
    """H44: Range."""
    await client.put()

    answer = await client.call("GET", LINUX, headers={**AS_A_NODE, "Range": "bytes=3-5"})

    assert (answer.status_code, answer.content) == (200, A_BINARY)
    assert answer.headers["accept-ranges"] == "none"


async def test_releases_come_in_pages(client: Client) -> None:
    for version in ("1.0", "1.1", "1.2"):
        await client.put(f"{ALL}/{version}/linux/amd64")

    first = (await client.call("GET", ALL, params={"limit": 2})).json()
    rest = (await client.call("GET", ALL, params={"limit": 2, "cursor": first["next_cursor"]})).json()

    assert [each["version"] for each in first["items"] + rest["items"]] == ["1.0", "1.1", "1.2"]
    assert "next_cursor" not in rest


async def test_the_same_binary_is_put_as_often_as_one_likes_and_another_never(client: Client) -> None:
    answers = [await client.put(), await client.put(params={"sha256": DIGEST}), await client.put()]
    other = await client.put(octets=OTHER_BINARY)

    assert [answer.status_code for answer in answers] == [201, 200, 200]
    assert (other.status_code, code_of(other)) == (409, "artifact_conflict")
    assert (await client.fetch()).content == A_BINARY
    assert [path.name for path in client.scene.folder.iterdir()] == [DIGEST]


async def test_a_binary_that_is_said_to_be_another_than_the_released_one_is_refused_unread(
    client: Client,
) -> None:
    taken: list[bytes] = []

    async def noted() -> AsyncIterator[bytes]:
        taken.append(OTHER_BINARY)
        yield OTHER_BINARY

    await client.put()
    await client.call("PATCH", RELEASE, json={"support_status": "withdrawn"})
    said = {"sha256": content_of(OTHER_BINARY).sha256}

    refused = await client.call("PUT", LINUX, content=noted(), params=said)
    unread = list(taken)
    elsewhere = await client.call("PUT", ARM, content=noted(), params=said)

    assert (refused.status_code, code_of(refused), unread) == (409, "artifact_conflict", [])
    assert (elsewhere.status_code, taken) == (201, [OTHER_BINARY])


async def test_a_binary_that_is_only_said_to_be_the_released_one_is_looked_at(client: Client) -> None:
    await client.put()

    answer = await client.put(octets=OTHER_BINARY, params={"sha256": DIGEST})

    assert (answer.status_code, code_of(answer)) == (422, "checksum_mismatch")


async def test_a_binary_that_is_not_what_was_said_is_not_taken(client: Client) -> None:
    answer = await client.put(octets=OTHER_BINARY, params={"sha256": DIGEST})

    assert (answer.status_code, code_of(answer)) == (422, "checksum_mismatch")
    assert (await client.call("GET", ALL)).json()["items"] == []
    assert list(client.scene.folder.iterdir()) == []


@pytest.mark.parametrize(
    "params",
    [{"sha256": "ab"}, {"sha256": DIGEST.upper()}, {"support_status": "gone"}, {"sha256": [DIGEST, DIGEST]}],
)
async def test_what_is_said_of_a_binary_must_make_sense(params: dict[str, Any], client: Client) -> None:
    answer = await client.put(params=params)

    assert (answer.status_code, code_of(answer)) == (400, "invalid_parameter")


async def test_an_empty_body_is_no_binary(client: Client) -> None:
    answer = await client.put(octets=b"")

    assert (answer.status_code, code_of(answer)) == (400, "invalid_body")


async def test_a_binary_that_comes_as_gzip_is_released_as_what_it_was(client: Client) -> None:
    packed = gzip.compress(A_BINARY)

    answer = await client.put(octets=packed, headers={"Content-Encoding": "gzip"})

    assert answer.json()["checksum"] == DIGEST
    assert (await client.fetch()).content == A_BINARY


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Content-Encoding": "br"}, "unsupported_encoding"),
        ({"Content-Type": "application/json"}, "unsupported_media_type"),
    ],
)
async def test_what_is_no_stream_of_octets_is_refused(
    headers: dict[str, str], code: str, client: Client
) -> None:
    answer = await client.put(headers=headers)

    assert (answer.status_code, code_of(answer)) == (415, code)


@pytest.mark.parametrize("path", ["/1..5/linux/amd64", "/1.5.0/Linux/amd64", "/1.5.0/linux/amd64%20"])
async def test_what_is_no_name_is_refused_before_anybody_is_asked(path: str, client: Client) -> None:
    answers = [
        await client.put(f"{ALL}{path}"),
        await client.put(f"{ALL}{path}", headers=AS_ROBOT),
    ]

    assert [(each.status_code, code_of(each)) for each in answers] == [(400, "invalid_artifact_name")] * 2
    assert client.surface.denials.written == []


async def test_withdrawn_is_not_handed_out_until_it_is_supported_again(client: Client) -> None:
    await client.put()

    withdrawn = await client.call("PATCH", RELEASE, json={"support_status": "withdrawn"})
    while_withdrawn = await client.fetch()
    await client.put(params={"support_status": "deprecated"})

    assert withdrawn.json()["support_status"] == "withdrawn"
    assert (while_withdrawn.status_code, code_of(while_withdrawn)) == (404, "release_not_found")
    assert (await client.call("GET", RELEASE)).json()["support_status"] == "deprecated"
    assert (await client.fetch()).status_code == 200


@pytest.mark.parametrize("body", [{}, {"support_status": "gone"}, {"support_status": "supported", "more": 1}])
async def test_a_status_is_one_of_three(body: dict[str, Any], client: Client) -> None:
    await client.put()

    answer = await client.call("PATCH", RELEASE, json=body)

    assert (answer.status_code, code_of(answer)) == (400, "invalid_body")


async def test_what_is_not_released_is_not_found(client: Client) -> None:
    await client.put()

    answers = [
        await client.call("GET", f"{ALL}/1.5.1"),
        await client.call("GET", f"{ALL}/..x"),
        await client.call("PATCH", f"{ALL}/1.5.1", json={"support_status": "withdrawn"}),
        await client.fetch(ARM),
        await client.fetch(f"{ALL}/1.5.1/linux/amd64"),
        await client.fetch(f"{ALL}/1..5/linux/amd64"),
    ]

    assert [(each.status_code, code_of(each)) for each in answers] == [(404, "release_not_found")] * 6


async def test_who_may_not_read_the_platform_finds_no_release_and_is_denied_the_list(client: Client) -> None:
    await client.put()

    listing = await client.call("GET", ALL, headers=AS_ROBOT)
    known = await client.call("GET", RELEASE, headers=AS_ROBOT)
    unknown = await client.call("GET", f"{ALL}/9.9", headers=AS_ROBOT)

    assert (listing.status_code, code_of(listing)) == (403, "permission_denied")
    assert (known.status_code, code_of(known)) == (404, "release_not_found")
    assert (unknown.status_code, code_of(unknown)) == (404, "release_not_found")
    assert [denial[1] for denial in client.surface.denials.written] == [
        "artifact.list",
        "artifact.read",
        "artifact.read",
    ]


async def test_who_reads_may_neither_put_nor_withdraw(client: Client) -> None:
    client.surface.permissions.allow(ROBOT, "read", PLATFORM_OBJECT)
    await client.put()

    put = await client.put(ARM, headers=AS_ROBOT)
    patch = await client.call("PATCH", RELEASE, json={"support_status": "withdrawn"}, headers=AS_ROBOT)

    assert (await client.call("GET", RELEASE, headers=AS_ROBOT)).status_code == 200
    assert [code_of(put), code_of(patch)] == ["permission_denied"] * 2
    assert [path.name for path in client.scene.folder.iterdir()] == [DIGEST]


async def test_nobody_fetches_with_anything_but_a_nodes_credential(client: Client) -> None:
    await client.put()

    answers = [
        await client.call("GET", LINUX),
        await client.call("GET", LINUX, headers={"Authorization": ""}),
        await client.put(headers=AS_A_NODE),
        await client.call("GET", ALL, headers=AS_A_NODE),
    ]

    assert [code_of(each) for each in answers] == ["unauthenticated"] * 4


@pytest.mark.parametrize("method", ["HEAD", "POST", "DELETE", "PATCH"])
async def test_a_binary_is_put_and_fetched_and_nothing_else(method: str, client: Client) -> None:
    answer = await client.call(method, LINUX)

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, PUT")


async def test_what_is_done_is_in_the_trail_and_what_is_not_is_not(client: Client) -> None:
    await client.put(params={"sha256": DIGEST})
    await client.call("PATCH", RELEASE, json={"support_status": "deprecated"})
    await client.put(octets=OTHER_BINARY)
    await client.call("PATCH", f"{ALL}/9", json={"support_status": "deprecated"})

    assert [
        (entry.relation, entry.chain, dict(entry.caveat_context)) for entry in client.scene.trail.entries
    ] == [
        (
            "artifact.put",
            None,
            {"version": "1.5.0", "os": "linux", "arch": "amd64", "sha256": DIGEST},
        ),
        ("artifact.patch", None, {"version": "1.5.0", "support_status": "deprecated"}),
    ]


async def test_of_a_binary_that_changed_on_its_disk_nothing_is_sent_and_an_operator_is_told(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """H44: a flipped byte is a 503, an alert, and not one byte of the binary."""
    await client.put()
    client.file.write_bytes(OTHER_BINARY[: len(A_BINARY)])

    with caplog.at_level(logging.ERROR, "plexsphere.artifacts"):
        answer = await client.fetch()

    assert (answer.status_code, code_of(answer)) == (503, "artifact_unavailable")
    assert answer.headers["retry-after"] == "60"
    assert client.scene.alerts.counts == {"other_digest": 1}
    [line] = [each.getMessage() for each in caplog.records if each.name == "plexsphere.artifacts"]
    assert "1.5.0 linux/amd64" in line
    assert DIGEST in line


async def test_a_binary_that_is_broken_is_mended_by_putting_it_again(client: Client) -> None:
    """H44."""
    await client.put()
    client.file.unlink()

    broken = await client.fetch()
    again = await client.put()

    assert (broken.status_code, again.status_code) == (503, 200)
    assert (await client.fetch()).content == A_BINARY


async def test_a_folder_that_takes_nothing_is_a_503_and_an_operator_is_told(client: Client) -> None:
    client.scene.folder.rmdir()

    answer = await client.put()

    assert (answer.status_code, code_of(answer)) == (503, "artifact_unavailable")
    assert client.scene.alerts.counts == {STORE_UNUSABLE: 1}
    assert (await client.call("GET", ALL)).json()["items"] == []


async def test_who_finds_no_place_is_told_when_to_come_back(client: Client) -> None:
    await client.put()

    with client.scene.uploads(), client.scene.fetches(NODE.name):
        answers = [await client.put(), await client.fetch()]

    assert [(each.status_code, code_of(each)) for each in answers] == [(503, "overloaded")] * 2
    assert [each.headers["retry-after"] for each in answers] == ["10", "10"]
    assert [(await client.put()).status_code, (await client.fetch()).status_code] == [200, 200]


async def test_without_a_folder_the_feature_is_off(off: Surface) -> None:
    answers = [
        await off.call("GET", ALL),
        await off.call("GET", RELEASE),
        await off.call("PATCH", RELEASE, json={"support_status": "withdrawn"}),
        await off.call("PUT", LINUX, content=A_BINARY),
        await off.call("GET", LINUX, headers=AS_A_NODE),
    ]

    assert [(each.status_code, code_of(each)) for each in answers] == [(501, "artifacts_not_provisioned")] * 5


async def test_a_binary_in_many_parts_is_whole(client: Client) -> None:
    octets = bytes(range(256)) * 5000

    parts = [octets[at : at + 4096] for at in range(0, len(octets), 4096)]

    answer = await client.call("PUT", LINUX, content=coming(*parts))

    assert answer.json()["checksum"] == content_of(octets).sha256
    assert (await client.fetch()).content == octets


async def asked_patience(client: Client, headers: dict[str, str]) -> list[float]:
    """Put a binary over a server that judges how long a body takes; return what it was asked for."""
    asked: list[float] = []
    parts = iter([{"type": "http.request", "body": A_BINARY, "more_body": False}])
    scope = {
        "type": "http",
        "method": "PUT",
        "path": LINUX,
        "raw_path": LINUX.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "extensions": {EXTENSION: {PATIENT: asked.append}},
    }

    async def receive() -> dict[str, Any]:
        return next(parts)

    async def send(_: dict[str, Any]) -> None:
        return

    await client.surface.app(scope, receive, send)
    return asked


async def test_only_who_may_put_a_binary_is_given_the_time_for_it(client: Client) -> None:
    """H11: others have the time of any body."""
    assert await asked_patience(client, AS_ALICE) == [UPLOAD_SECONDS]
    assert await asked_patience(client, AS_ROBOT) == []
    assert await asked_patience(client, {}) == []
