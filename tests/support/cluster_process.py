"""Our API server as a process of its own: it outlives whatever a test kills."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.kube_api.__main__ import ADMIN_URL, KUBECONFIG
from tests.kube_api.admin import FAULTS, REQUESTS, requests_of
from tests.kube_api.hostility import Deed
from tests.kube_api.request_log import RequestLog
from tests.support.cluster import Cluster, reached_cluster

READY_SECONDS: Final = 30.0
ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class ClusterProcess:
    """A cluster in another process, and what a test tells and asks it beside Kubernetes' own API."""

    cluster: Cluster
    process: asyncio.subprocess.Process = field(repr=False)
    admin_url: str

    async def plan(self, deed: Deed, verb: str = "", **how: Any) -> None:
        """Have a fault strike from now on; see `tests.kube_api.hostility.Fault`."""
        await self._ask("POST", FAULTS, {"deed": deed, "verb": verb, **how})

    async def forget_faults(self) -> None:
        """Have it be a good server again, also to whom it lets hang."""
        await self._ask("DELETE", FAULTS)

    async def log(self) -> RequestLog:
        """Return what it was asked."""
        return RequestLog(requests_of(await self._ask("GET", REQUESTS)))

    async def forget_requests(self) -> None:
        """Begin the log anew."""
        await self._ask("DELETE", REQUESTS)

    async def _ask(self, method: str, path: str, body: Any = None) -> str:
        octets = None if body is None else json.dumps(body).encode()
        async with aiohttp.request(method, f"{self.admin_url}{path}", data=octets) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.text()


@asynccontextmanager
async def cluster_process(state: Path) -> AsyncIterator[ClusterProcess]:
    """Run an API server as a process of its own until the block ends; its files go into this folder."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.kube_api", "--state-dir", str(state), cwd=ROOT, start_new_session=True
    )
    try:
        admin_url = await _ready(process, state)
        kubeconfig = await asyncio.to_thread((state / KUBECONFIG).read_bytes)
        async with reached_cluster(kubeconfig) as cluster:
            yield ClusterProcess(cluster, process, admin_url)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _ready(process: asyncio.subprocess.Process, state: Path) -> str:
    """Wait until it answers, and return where its admin endpoint is."""
    async with asyncio.timeout(READY_SECONDS):
        while process.returncode is None:
            if await asyncio.to_thread((state / ADMIN_URL).exists):
                return await asyncio.to_thread((state / ADMIN_URL).read_text)
            await asyncio.sleep(0.05)
    raise AssertionError(f"the API server ended with {process.returncode}")
