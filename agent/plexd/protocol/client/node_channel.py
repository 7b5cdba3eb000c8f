"""The calls of one node (plexd.md, Endpoint Summary); the numbers are those of its table."""

import gzip
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

from plexd.protocol.client.paths import path
from plexd.protocol.client.transport import Answer, Call, Transport
from plexd.protocol.errors import Unreadable
from plexd.protocol.messages.capabilities import Capabilities
from plexd.protocol.messages.entries import ReportSync, SealedSecret
from plexd.protocol.messages.executions import Acknowledgement, AcknowledgementAnswer, ExecutionResult
from plexd.protocol.messages.heartbeat import Heartbeat, HeartbeatAnswer
from plexd.protocol.messages.peers import EndpointReport, KeyRotation, PeerEndpoints, RotatedPeers
from plexd.protocol.messages.registration import Identity
from plexd.protocol.messages.state import DriftReport, NotModified, Snapshot, State
from plexd.protocol.messages.telemetry import AuditEvent, LogLine, Metric
from plexd.protocol.wire import decode, encode, encode_lines

IDLE_SECONDS: Final = 90.0
STATE_VERSION: Final = "Plexsphere-State-Version"
_GZIP: Final = {"Content-Encoding": "gzip"}
_GZIP_LINES: Final = {"Content-Encoding": "gzip", "Content-Type": "application/x-ndjson"}


class NodeChannel:
    """
    One node's side of the protocol.

    Keeps the entity tag and version of the state fetched last. Every call raises `ControlPlaneError`: `Refused` (with
    `Unauthorized` and `Overloaded`), `Unreachable` or `Unreadable`.
    """

    __slots__ = ("_etag", "_transport", "identity", "state_version")

    def __init__(self, transport: Transport, identity: Identity) -> None:
        self.identity = identity
        self.state_version = 0
        self._etag: str | None = None
        self._transport = transport

    def events(
        self, last_event_id: str | None = None, *, idle_seconds: float = IDLE_SECONDS
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open the event stream after a given frame; silence of `idle_seconds` ends it (call 2)."""
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-cache", "Accept-Encoding": "identity"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        return self._transport.stream(
            Call("GET", self._path("events"), self.identity.token, headers=headers), idle_seconds
        )

    async def heartbeat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        """Give a sign of life and learn what is wanted (call 3)."""
        return decode((await self._post("heartbeat", heartbeat)).body, HeartbeatAnswer)

    async def deregister(self) -> None:
        """Leave the mesh for good (call 4)."""
        await self._send("POST", self._path("deregister"))

    async def rotate_keys(self, new_public_key: str) -> RotatedPeers:
        """Replace the public key and receive fresh pair keys (call 5)."""
        body = encode(KeyRotation(self.identity.node_id, new_public_key))
        return decode((await self._send("POST", "/v1/keys/rotate", body)).body, RotatedPeers)

    async def announce_capabilities(self, capabilities: Capabilities) -> None:
        """Replace what is known of the node's abilities (call 6)."""
        await self._send("PUT", self._path("capabilities"), encode(capabilities))

    async def report_endpoint(self, report: EndpointReport) -> PeerEndpoints:
        """Tell where the node is to be reached, learn where its peers are (call 7)."""
        answer = await self._send("PUT", self._path("endpoint"), encode(report))
        return decode(answer.body, PeerEndpoints)

    async def state(self, seen_offset: int = 0) -> Snapshot | NotModified:
        """
        Fetch the desired state unless it is the one fetched last (call 8).

        `seen_offset` is the highest log offset seen in the event stream: the answer is not to be older (design D25).
        """
        answer = await self._send("GET", self._path("state"), headers=self._state_headers(seen_offset))
        version = _version(answer)
        if answer.status == 304:
            return NotModified(version)
        snapshot = Snapshot(decode(answer.body, State), version)
        self._etag = answer.headers.get("ETag")
        self.state_version = max(self.state_version, version or 0)
        return snapshot

    async def report_drift(self, report: DriftReport) -> None:
        """Tell what a reconciliation put right (call 9)."""
        await self._post("drift", report)

    async def secret(self, key: str) -> SealedSecret:
        """Fetch one secret, sealed for this node (call 10)."""
        return decode((await self._send("GET", self._path("secrets", key))).body, SealedSecret)

    async def sync_report(self, sync: ReportSync) -> None:
        """Hand over changed report entries (call 11)."""
        await self._post("report", sync)

    async def acknowledge(self, acknowledgement: Acknowledgement) -> bool:
        """Accept or reject an action, and learn whether it is still wanted (call 12)."""
        path = self._path("executions", acknowledgement.execution_id, "ack")
        answer = await self._send("POST", path, encode(acknowledgement))
        return _is_wanted(answer)

    async def report_result(self, result: ExecutionResult) -> None:
        """Tell how an action ended (call 13)."""
        await self._send("POST", self._path("executions", result.execution_id, "result"), encode(result))

    async def send_metrics(self, metrics: Sequence[Metric]) -> None:
        """Hand over a batch of measurements (call 14)."""
        await self._send("POST", self._path("metrics"), _zip(encode(metrics)), _GZIP)

    async def send_logs(self, lines: Iterable[LogLine]) -> None:
        """Hand over a batch of log lines (call 15)."""
        await self._send("POST", self._path("logs"), _zip(encode_lines(lines)), _GZIP_LINES)

    async def send_audit(self, events: Iterable[AuditEvent]) -> None:
        """Hand over a batch of audit events (call 16)."""
        await self._send("POST", self._path("audit"), _zip(encode_lines(events)), _GZIP_LINES)

    def artifact(
        self, version: str, os: str, arch: str, *, idle_seconds: float = IDLE_SECONDS
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open the binary of an agent version; its checksum is the caller's to verify (call 17)."""
        headers = {"Accept": "application/octet-stream", "Accept-Encoding": "identity"}
        artifact = path("v1", "artifacts", "plexd", version, os, arch)
        return self._transport.stream(
            Call("GET", artifact, self.identity.token, headers=headers), idle_seconds
        )

    def _path(self, *segments: str) -> str:
        return path("v1", "nodes", self.identity.node_id, *segments)

    async def _post(self, name: str, message: object) -> Answer:
        return await self._send("POST", self._path(name), encode(message))

    async def _send(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        return await self._transport.send(Call(method, path, self.identity.token, body, headers))

    def _state_headers(self, seen_offset: int) -> dict[str, str]:
        headers = {} if self._etag is None else {"If-None-Match": self._etag}
        if version := max(self.state_version, seen_offset):
            headers[STATE_VERSION] = str(version)
        return headers


def _is_wanted(answer: Answer) -> bool:
    # The protocol names no answer: who says nothing of it wants what was asked for.
    try:
        return decode(answer.body, AcknowledgementAnswer).proceed
    except Unreadable:
        return True


def _version(answer: Answer) -> int | None:
    text = answer.headers.get(STATE_VERSION, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else None


def _zip(octets: bytes) -> bytes:
    return gzip.compress(octets, compresslevel=1, mtime=0)
