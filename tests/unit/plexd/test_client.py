"""Every call of the endpoint table, over a real socket."""

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from plexd.protocol.client.control_plane import ControlPlane
from plexd.protocol.client.node_channel import NodeChannel
from plexd.protocol.client.paths import path
from plexd.protocol.client.transport import BODY_LIMIT, Transport
from plexd.protocol.errors import Overloaded, Refused, Unauthorized, Unreachable, Unreadable
from plexd.protocol.masked import Masked
from plexd.protocol.messages.capabilities import ActionCapability, BinaryInfo, Capabilities, HookCapability
from plexd.protocol.messages.entries import Entry, ReportSync
from plexd.protocol.messages.executions import Acknowledgement, ExecutionResult
from plexd.protocol.messages.heartbeat import Heartbeat, HeartbeatAnswer
from plexd.protocol.messages.peers import EndpointReport, Peer
from plexd.protocol.messages.registration import Identity, RegisterRequest
from plexd.protocol.messages.state import Correction, DriftReport, NotModified, Snapshot
from plexd.protocol.messages.telemetry import AuditEvent, LogLine, Metric
from plexd.protocol.wire import encode
from tests.unit.plexd.certificate import write_certificate
from tests.unit.plexd.stub_control_plane import END, StubControlPlane, problem, serving, unzipped


async def read_all(opened: AbstractAsyncContextManager[AsyncIterator[bytes]]) -> bytes:
    async with opened as chunks:
        return b"".join([chunk async for chunk in chunks])


NOW = "2026-03-01T12:00:00Z"
BEAT = Heartbeat("n 1", NOW, "healthy", "1h0m", "sha256:00")


@pytest.fixture
def stub() -> StubControlPlane:
    return StubControlPlane()


@pytest.fixture
async def control_plane(stub: StubControlPlane) -> AsyncIterator[ControlPlane]:
    async with serving(stub) as control_plane:
        yield control_plane


@pytest.fixture
def channel(control_plane: ControlPlane) -> NodeChannel:
    return control_plane.as_node(Identity("n 1", Masked("plx_node_x")))


async def test_registration_carries_the_token_in_its_body_and_yields_an_identity(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    request = RegisterRequest(Masked("plx_enroll_x"), "key", "web-01", {"os": "linux"}, Capabilities())
    registration = await control_plane.register(request)

    received = stub.asked("/v1/register")[0]
    assert received.json == {
        "token": "plx_enroll_x",
        "public_key": "key",
        "hostname": "web-01",
        "metadata": {"os": "linux"},
        "capabilities": {},
    }
    assert "Authorization" not in received.headers
    assert registration.identity() == Identity("node-1", Masked("plx_node_node-1"))
    assert registration.peers == ()
    assert "plx_node" not in repr(registration)


CALLS: list[tuple[str, str, str, Any]] = [
    ("heartbeat", "POST", "/heartbeat", BEAT),
    ("report_drift", "POST", "/drift", DriftReport(NOW, (Correction("peer_added", "p"),))),
    ("sync_report", "POST", "/report", ReportSync((Entry("k", "text/plain", "v", 1, NOW),), ("old",))),
    ("announce_capabilities", "PUT", "/capabilities", Capabilities(BinaryInfo("1", "sha256:00"))),
    ("report_endpoint", "PUT", "/endpoint", EndpointReport("203.0.113.1:51820", "full_cone")),
    ("acknowledge", "POST", "/executions/e%2F1/ack", Acknowledgement("e/1", "accepted")),
    (
        "report_result",
        "POST",
        "/executions/e%2F1/result",
        ExecutionResult("e/1", "success", 0, "out", "", "2.34s", NOW),
    ),
]


@pytest.mark.parametrize(("name", "method", "ending", "message"), CALLS)
async def test_a_call_names_its_node_bears_its_token_and_sends_its_message(
    stub: StubControlPlane, channel: NodeChannel, name: str, method: str, ending: str, message: Any
) -> None:
    await getattr(channel, name)(message)

    received = stub.received[0]
    assert (received.method, received.path) == (method, f"/v1/nodes/n%201{ending}")
    assert received.headers["Authorization"] == "Bearer plx_node_x"
    assert received.headers["Content-Type"] == "application/json"
    for field in type(message).__struct_fields__:
        value = getattr(message, field)
        if isinstance(value, str):
            assert received.json[field] == value


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [(b'{"proceed":true}', True), (b'{"proceed":false}', False), (b"{}", True), (b"", True), (b"ok", True)],
)
async def test_an_action_is_wanted_unless_the_answer_to_the_acknowledgement_says_otherwise(
    stub: StubControlPlane, channel: NodeChannel, answer: bytes, wanted: bool
) -> None:
    stub.script("/ack", web.Response(body=answer))

    assert await channel.acknowledge(Acknowledgement("e1", "accepted")) is wanted


async def test_deregistration_has_no_body(stub: StubControlPlane, channel: NodeChannel) -> None:
    await channel.deregister()

    assert stub.received[0].path == "/v1/nodes/n%201/deregister"
    assert stub.received[0].body == b""


async def test_a_heartbeat_answer_may_ask_for_something(stub: StubControlPlane, channel: NodeChannel) -> None:
    stub.script(
        "/heartbeat", web.json_response({"reconcile": True}), web.json_response({"rotate_keys": True})
    )

    assert await channel.heartbeat(BEAT) == HeartbeatAnswer(reconcile=True)
    assert await channel.heartbeat(BEAT) == HeartbeatAnswer(rotate_keys=True)
    assert await channel.heartbeat(BEAT) == HeartbeatAnswer()


async def test_key_rotation_names_the_node_and_brings_fresh_peers(
    stub: StubControlPlane, channel: NodeChannel
) -> None:
    peer = {"id": "p", "public_key": "k", "mesh_ip": "10.100.0.9", "psk": "s", "psk_epoch": "1.2.3"}
    stub.script("/v1/keys/rotate", web.json_response({"updated_peers": [peer]}))

    rotated = await channel.rotate_keys("new-key")

    assert stub.received[0].json == {"node_id": "n 1", "new_public_key": "new-key"}
    assert rotated.updated_peers == (Peer("p", "k", "10.100.0.9", psk=Masked("s"), psk_epoch="1.2.3"),)


async def test_null_lists_read_as_empty_ones(stub: StubControlPlane, channel: NodeChannel) -> None:
    stub.script("/v1/keys/rotate", web.json_response({"updated_peers": None}))
    stub.script("/endpoint", web.json_response({"peer_endpoints": None}))
    names = ["peers", "policies", "signing_keys", "metadata", "data", "secret_refs", "pending_actions"]
    stub.script("/state", web.json_response(dict.fromkeys(names)))

    assert (await channel.rotate_keys("k")).updated_peers == ()
    assert (await channel.report_endpoint(EndpointReport("a", "none"))).peer_endpoints == ()
    snapshot = await channel.state()
    assert isinstance(snapshot, Snapshot)
    assert (snapshot.state.peers, snapshot.state.metadata, snapshot.state.signing_keys) == ((), {}, None)


async def test_an_unchanged_state_is_not_fetched_again(stub: StubControlPlane, channel: NodeChannel) -> None:
    stub.states["n 1"] = stub.states["n%201"] = {"metadata": {"a": "b"}}
    stub.state_version = 7

    first, second = await channel.state(), await channel.state()

    assert isinstance(first, Snapshot)
    assert (first.state.metadata, first.version) == ({"a": "b"}, 7)
    assert second == NotModified(7)
    assert "If-None-Match" not in stub.received[0].headers


async def test_a_state_request_shows_the_newest_offset_the_node_has_seen(
    stub: StubControlPlane, channel: NodeChannel
) -> None:
    stub.state_version = 7
    for seen in (0, 3, 12):
        await channel.state(seen)

    shown = [received.headers.get("Plexsphere-State-Version") for received in stub.received]
    assert shown == [None, "7", "12"]


async def test_a_secret_is_fetched_by_its_escaped_key(stub: StubControlPlane, channel: NodeChannel) -> None:
    sealed = {"key": "a b", "ciphertext": "x", "nonce": "y", "version": 2}
    stub.script("/secrets/a b", web.json_response(sealed))

    assert (await channel.secret("a b")).version == 2
    assert stub.received[0].path == "/v1/nodes/n%201/secrets/a%20b"


@pytest.mark.parametrize("segment", ["", ".", ".."])
def test_an_id_cannot_climb_out_of_its_path(segment: str) -> None:
    with pytest.raises(ValueError, match="segment"):
        path("v1", segment)


async def test_telemetry_is_zipped_and_logs_and_audit_are_lines(
    stub: StubControlPlane, channel: NodeChannel
) -> None:
    line = LogLine(NOW, "journald", "plexd", "line\nfeed", "info", "web-01")
    await channel.send_metrics([Metric(NOW, "node_resources", {"cpu_percent": 1.5})])
    await channel.send_logs([line, line])
    await channel.send_audit(
        [AuditEvent(NOW, "auditd", "SYSCALL", {"uid": 0}, None, "open", "denied", "h", "raw")]
    )

    metrics, logs, audit = stub.received
    assert [each.headers["Content-Encoding"] for each in stub.received] == ["gzip"] * 3
    assert [each.headers["Content-Type"] for each in stub.received] == [
        "application/json",
        "application/x-ndjson",
        "application/x-ndjson",
    ]
    assert json.loads(unzipped(metrics))[0]["data"] == {"cpu_percent": 1.5}
    assert [json.loads(text)["message"] for text in unzipped(logs).splitlines()] == ["line\nfeed"] * 2
    assert json.loads(unzipped(audit))["result"] == "denied"


async def test_an_artifact_comes_as_bytes(stub: StubControlPlane, channel: NodeChannel) -> None:
    stub.script("/amd64", web.Response(body=b"\x7fELF" * 100_000))

    received = await read_all(channel.artifact("1.5.0", "linux", "amd64"))

    assert received == b"\x7fELF" * 100_000
    assert stub.received[0].path == "/v1/artifacts/plexd/1.5.0/linux/amd64"


async def test_the_event_stream_is_asked_for_as_one(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    registration = await control_plane.register(RegisterRequest(Masked("t"), "k", "h"))
    stub.streams["node-1"].put_nowait(b"data: x\n\n")
    stub.streams["node-1"].put_nowait(END)

    node = control_plane.as_node(registration.identity())
    assert await read_all(node.events("7.1")) == b"data: x\n\n"

    headers = stub.asked("/events")[0].headers
    assert (headers["Accept"], headers["Last-Event-ID"]) == ("text/event-stream", "7.1")


async def test_silence_beyond_the_idle_limit_breaks_a_stream(control_plane: ControlPlane) -> None:
    registration = await control_plane.register(RegisterRequest(Masked("t"), "k", "h"))

    with pytest.raises(Unreachable):
        await read_all(control_plane.as_node(registration.identity()).events(idle_seconds=0.05))


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Refused), (401, Unauthorized), (500, Refused), (302, Refused)]
)
async def test_a_refusal_has_a_name_and_says_what_the_problem_said(
    stub: StubControlPlane, channel: NodeChannel, status: int, kind: type[Refused]
) -> None:
    stub.script("/heartbeat", problem(status, "some_code", Location="http://127.0.0.1:1/elsewhere"))

    with pytest.raises(Refused) as refusal:
        await channel.heartbeat(BEAT)

    told = refusal.value
    assert type(told) is kind
    assert (told.status, told.code, told.detail, told.correlation_id) == (
        status,
        "some_code",
        "Not so.",
        "c-1",
    )


@pytest.mark.parametrize("status", [429, 503])
async def test_an_overload_says_when_to_come_back(
    stub: StubControlPlane, channel: NodeChannel, status: int
) -> None:
    stub.script("/heartbeat", problem(status, "overloaded", Retry_After="7"), problem(status, "overloaded"))

    for expected in (7.0, None):
        with pytest.raises(Overloaded) as refusal:
            await channel.heartbeat(BEAT)
        assert refusal.value.retry_after == expected


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b'{"code": 7}', b"x" * 200_000])
async def test_a_refusal_is_one_whatever_its_body_says(
    stub: StubControlPlane, channel: NodeChannel, body: bytes
) -> None:
    stub.script("/heartbeat", web.Response(status=409, body=body))

    with pytest.raises(Refused) as refusal:
        await channel.heartbeat(BEAT)
    assert (refusal.value.status, refusal.value.code) == (409, "")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"reconcile": 1}', b"[" * 100_000])
async def test_a_success_that_makes_no_sense_is_unreadable(
    stub: StubControlPlane, channel: NodeChannel, body: bytes
) -> None:
    stub.script("/heartbeat", web.Response(body=body))

    with pytest.raises(Unreadable):
        await channel.heartbeat(BEAT)


async def test_a_body_beyond_its_bound_is_not_read_to_its_end(
    stub: StubControlPlane, channel: NodeChannel
) -> None:
    stub.script("/heartbeat", web.Response(body=b"{}" + b" " * BODY_LIMIT))

    with pytest.raises(Unreadable):
        await channel.heartbeat(BEAT)


async def test_a_certificate_counts_only_for_whom_its_authority_is_trusted(
    stub: StubControlPlane, tmp_path: Path
) -> None:
    certificate, key = write_certificate(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    identity, trusting = Identity("n", Masked("t")), ssl.create_default_context(cafile=str(certificate))

    async with serving(stub, tls) as doubting, Transport.connected(stub.base_url, ssl=trusting) as transport:
        assert await ControlPlane(transport).as_node(identity).heartbeat(BEAT) == HeartbeatAnswer()
        with pytest.raises(Unreachable):
            await doubting.as_node(identity).heartbeat(BEAT)


async def test_nobody_listening_is_unreachable() -> None:
    async with Transport.connected("http://127.0.0.1:1") as transport:
        with pytest.raises(Unreachable):
            await ControlPlane(transport).as_node(Identity("n", Masked("secret-token"))).heartbeat(BEAT)


async def test_an_answer_that_never_comes_is_unreachable(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    stub.silent.add("/heartbeat")

    async with Transport.connected(stub.base_url, call_seconds=0.05) as impatient:
        with pytest.raises(Unreachable):
            await ControlPlane(impatient).as_node(Identity("n", Masked("t"))).heartbeat(BEAT)


def test_hooks_travel_with_the_fields_of_their_source() -> None:
    hook = HookCapability("backup", "script", "sha256:00", sandbox="namespaced", timeout="300s")
    capabilities = Capabilities(builtin_actions=(ActionCapability("ping"),), hooks=(hook,))

    assert json.loads(encode(capabilities)) == {
        "builtin_actions": [{"name": "ping", "description": "", "parameters": []}],
        "hooks": [
            {
                "name": "backup",
                "source": "script",
                "checksum": "sha256:00",
                "timeout": "300s",
                "sandbox": "namespaced",
            }
        ],
    }
