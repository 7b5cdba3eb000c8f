"""An upgrade from the release of a binary to the nodes that run it (plexd.md, Upgrade Process)."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import repeat
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from plexd.protocol.client.control_plane import ControlPlane
from plexd.protocol.client.transport import Transport
from plexd.protocol.messages.capabilities import ActionCapability, BinaryInfo, Capabilities, ParameterDef
from plexd.simulate.node import SimulatedNode
from plexd.simulate.pace import Pace
from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import Served, served

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

ARCHES: Final = ("amd64", "arm64")
BINARIES: Final = {
    (version, arch): os.urandom(300_000) for version in ("1.4.0", "1.5.0", "1.6.0") for arch in ARCHES
}
LIVELY: Final = Pace(heartbeat=1)
UPGRADE: Final = ActionCapability(
    "service.upgrade",
    parameters=(ParameterDef("version", "string", required=True), ParameterDef("checksum", "string")),
)


def digest(version: str, arch: str) -> str:
    return sha256(BINARIES[version, arch]).hexdigest()


@dataclass(frozen=True)
class Scene:
    """A control plane with a folder of artifacts, its operator, and a node of each architecture."""

    place: Served
    folder: Path
    operator: httpx.AsyncClient
    nodes: dict[str, SimulatedNode]

    async def release(self, version: str) -> None:
        """Release a version for every architecture."""
        for arch in ARCHES:
            octets = BINARIES[version, arch]
            path = f"/v1/artifacts/plexd/{version}/linux/{arch}"
            headers = {"Content-Type": "application/octet-stream"}
            answer = await self.operator.put(path, content=octets, headers=headers)
            assert answer.status_code == 201, answer.text

    async def upgrade(self, version: str) -> httpx.Response:
        """Ask every node to upgrade itself."""
        body = {"action": "service.upgrade", "parameters": {"version": version}, "selector": "*"}
        return await self.operator.post(
            f"/v1/projects/{self.place.project_id}/executions/dispatch", json=body
        )

    async def upgraded(self, version: str) -> dict[str, str]:
        """Upgrade every node, and return how each ended, by its architecture."""
        answer = await self.upgrade(version)
        assert answer.status_code == 201, answer.text
        path = f"/v1/projects/{self.place.project_id}/executions/{answer.json()['id']}"
        async with asyncio.timeout(20):
            while True:
                ended = (await self.operator.get(path)).json()
                if ended["status"] in ("succeeded", "failed"):
                    return self._by_arch(ended["targets"], "status")
                await asyncio.sleep(0.1)

    async def judged(self) -> dict[str, tuple[str, str]]:
        """Return which version each node says that it is, and what that is judged to be."""
        path = f"/v1/projects/{self.place.project_id}/capabilities"
        items = (await self.operator.get(path)).json()["items"]
        versions, statuses = self._by_arch(items, "binary_version"), self._by_arch(items, "status")
        return {arch: (versions[arch], statuses[arch]) for arch in ARCHES}

    async def until_judged(self, **expected: str) -> None:
        """Wait until each node is known to run its version as it was released, and nothing is held against any."""
        wanted = {arch: (version, "match") for arch, version in expected.items()}
        async with asyncio.timeout(20):
            for pause in repeat(0.2):
                if await self.judged() == wanted and not await self._violations():
                    return
                await asyncio.sleep(pause)

    async def _violations(self) -> list[Any]:
        answer = await self.operator.get("/v1/integrity-violations", params={"status": "open"})
        items: list[Any] = answer.json()["items"]
        return items

    def _by_arch(self, items: list[dict[str, Any]], name: str) -> dict[str, str]:
        arches = {node.node_id: arch for arch, node in self.nodes.items()}
        return {arches[each["node_id"]]: each[name] for each in items}


@asynccontextmanager
async def running(database: Secret[str], folder: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(served(database, artifacts=folder))
        operator = await stack.enter_async_context(place.as_operator())
        transport = await stack.enter_async_context(Transport.connected(place.base_url))
        tokens = await place.bootstrap_tokens(len(ARCHES))
        scene = Scene(place, folder, operator, {})
        await scene.release("1.4.0")
        for arch, token in zip(ARCHES, tokens, strict=True):
            old = Capabilities(BinaryInfo("1.4.0", f"sha256:{digest('1.4.0', arch)}"), (UPGRADE,))
            scene.nodes[arch] = await stack.enter_async_context(
                SimulatedNode(
                    ControlPlane(transport),
                    token,
                    f"web-{arch}",
                    metadata={"os": "linux", "arch": arch},
                    capabilities=old,
                    pace=LIVELY,
                )
            )
        yield scene


async def test_nodes_upgrade_to_the_binary_for_their_machine_and_are_then_known_to_run_it(
    database: Secret[str], tmp_path: Path
) -> None:
    """H44: what nobody released, or what is broken in the store, is not what a node comes to run."""
    async with running(database, tmp_path / "artifacts") as scene:
        await scene.until_judged(amd64="1.4.0", arm64="1.4.0")
        unknown = await scene.upgrade("1.5.0")

        await scene.release("1.5.0")
        ended = await scene.upgraded("1.5.0")
        await scene.until_judged(amd64="1.5.0", arm64="1.5.0")

        await scene.release("1.6.0")
        (scene.folder / digest("1.6.0", "arm64")).write_bytes(BINARIES["1.5.0", "arm64"])
        ended_with_a_broken_one = await scene.upgraded("1.6.0")
        await scene.until_judged(amd64="1.6.0", arm64="1.5.0")

        rolled_back = await scene.upgraded("1.4.0")
        await scene.until_judged(amd64="1.4.0", arm64="1.4.0")

    assert (unknown.status_code, unknown.json()["code"]) == (422, "artifact_not_stored")
    assert ended == dict.fromkeys(ARCHES, "succeeded")
    assert ended_with_a_broken_one == {"amd64": "succeeded", "arm64": "failed"}
    assert rolled_back == dict.fromkeys(ARCHES, "succeeded")
