"""The one call of nodes on this surface: they fetch a binary (plexd.md, Artifacts)."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from plexsphere.api.gate import NodeGate
from plexsphere.api.node_call import NOT_STORED, NodeCall, headers_of
from plexsphere.api.node_calls import DirectCall
from plexsphere.api.operation import OCTET_STREAM
from plexsphere.api.problem import Refusal
from plexsphere.api.shedding import Shedding
from plexsphere.api.v1.artifacts import operations, problems
from plexsphere.api.v1.artifacts.wiring import ArtifactPath, Download, Downloads

# A reader that takes not even one part in this time keeps its place no longer.
SEND_SECONDS: Final = 30.0
# Nor does one that takes the whole slower than this, after a minute's grace.
SLOWEST_OCTETS_A_SECOND: Final = 64 * 1024
GRACE_SECONDS: Final = 60.0
HEAD: Final = ((b"content-type", OCTET_STREAM.encode()), (b"accept-ranges", b"none"), NOT_STORED)


def artifact_calls(gate: NodeGate, shedding: Shedding, downloads: Downloads | None) -> list[DirectCall]:
    """Return the call, with its operation."""
    return [DirectCall(operations.DOWNLOAD, FetchBinary(gate, shedding, downloads))]


@dataclass(frozen=True, slots=True)
class FetchBinary(NodeCall):
    """
    GET …/{version}/{os}/{arch}: whole, as it is, whatever `Range` or `Accept-Encoding` say.

    Agents in the field unpack nothing here. Where a part turns out to be no longer what was released, the
    connection ends in the midst of the answer: its length was told, and so nobody takes the rest for all of it.
    """

    downloads: Downloads | None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        node = await self._any_node(scope, headers_of(scope))
        if self.downloads is None:
            raise Refusal(problems.ARTIFACTS_NOT_PROVISIONED)
        async with self.downloads.download(node.name, ArtifactPath(**scope["path_params"])) as download:
            watch = asyncio.create_task(_watch(receive))
            try:
                async with asyncio.timeout(download.size / SLOWEST_OCTETS_A_SECOND + GRACE_SECONDS):
                    await _send(download, send, watch)
            except TimeoutError:
                # The reader took nothing for 30 s, or too little: the connection ends, and it may ask again.
                return
            finally:
                watch.cancel()


async def _send(download: Download, send: Any, watch: asyncio.Task[None]) -> None:
    head = (*HEAD, (b"content-length", b"%d" % download.size))
    await send({"type": "http.response.start", "status": 200, "headers": list(head)})
    left = download.size
    async for part in download.parts:
        if watch.done():
            return
        left -= len(part)
        async with asyncio.timeout(SEND_SECONDS):
            await send({"type": "http.response.body", "body": part, "more_body": left > 0})


async def _watch(receive: Any) -> None:
    # A client that went away is noticed only while somebody waits to receive; nobody reads on for it.
    while (await receive())["type"] != "http.disconnect":
        pass
