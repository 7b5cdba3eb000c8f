"""The control plane of the demonstration, as a process of its own, and its operator."""

import asyncio
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import aiohttp

READY_SECONDS: Final = 90.0
STOP_SECONDS: Final = 60.0
PASSABLE: Final = 0o711
LOG: Final = "server.log"

Document = dict[str, Any]


class Operator:
    """Speaks the operator's REST API."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def get(self, path: str) -> Document:
        """Return the document at a path."""
        return await self._call("GET", path)

    async def post(self, path: str, body: Document, key: str = "") -> Document:
        """Create what the body says and return it; what is asked for again under the same key is created once."""
        return await self._call("POST", path, body, {"Idempotency-Key": key} if key else {})

    async def patch(self, path: str, body: Document) -> Document:
        """Change what the body names."""
        return await self._call("PATCH", path, body)

    async def refused(self, path: str, body: Document) -> tuple[int, str]:
        """Ask for what is to be refused; return the status and the problem's code, empty when it was not refused."""
        async with self._session.post(path, json=body) as answer:
            return answer.status, str((await answer.json(content_type=None)).get("code", ""))

    async def delete(self, path: str) -> None:
        """Remove what is at a path."""
        await self._call("DELETE", path)

    async def tokens(self, project_id: str, labels: dict[str, str], count: int) -> list[str]:
        """Issue bootstrap tokens; the nodes they admit get these labels."""
        path = f"/v1/projects/{project_id}/bootstrap-tokens"
        answers = [await self.post(path, {"labels": labels}) for _ in range(count)]
        return [str(answer["token"]) for answer in answers]

    async def _call(
        self, method: str, path: str, body: Document | None = None, headers: dict[str, str] | None = None
    ) -> Document:
        async with self._session.request(method, path, json=body, headers=headers) as answer:
            if not answer.ok:
                raise RuntimeError(f"{method} {path} answered {answer.status}: {await answer.text()}")
            return await answer.json() if answer.content_type == "application/json" else {}


@asynccontextmanager
async def control_plane() -> AsyncIterator[tuple[str, Operator]]:
    """Run `plexsphere up` on data of its own, gone afterwards; yield its address and an operator."""
    folder = _own_folder()
    try:
        async with _process(folder) as base_url, _operator(folder, base_url) as operator:
            yield base_url, operator
    except Exception:
        print((folder / LOG).read_text(errors="replace"), file=sys.stderr)
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _process(folder: Path) -> AsyncIterator[str]:
    port = _free_port()
    # Shown when something goes wrong; an alarm that is part of the story would talk into it.
    with (folder / LOG).open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("plexsphere")),
            "up",
            env={
                "PATH": "/usr/bin:/bin",
                "PLEXSPHERE_DATA_DIR": str(folder / "data"),
                "PLEXSPHERE_LISTEN": f"127.0.0.1:{port}",
            },
            stdout=asyncio.subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
    base_url = f"http://127.0.0.1:{port}"
    try:
        await _until_ready(base_url, process)
        yield base_url
    finally:
        await _stop(process)


@asynccontextmanager
async def _operator(folder: Path, base_url: str) -> AsyncIterator[Operator]:
    headers = {"Authorization": f"Bearer {await _token(folder)}"}
    async with aiohttp.ClientSession(base_url, headers=headers) as session:
        yield Operator(session)


def _own_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="plexsphere-demo-"))
    # As root the database runs as another account, which must pass through this folder of ours.
    folder.chmod(PASSABLE)
    return folder


async def _token(folder: Path) -> str:
    async with asyncio.timeout(READY_SECONDS):
        while True:
            kept = _kept_token(folder)
            if kept:
                return kept
            await asyncio.sleep(0.05)


def _kept_token(folder: Path) -> str:
    kept = folder / "data" / "operator.token"
    return kept.read_text().strip() if kept.exists() else ""


async def _until_ready(base_url: str, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(READY_SECONDS), aiohttp.ClientSession(base_url) as session:
        while process.returncode is None:
            with suppress(aiohttp.ClientError):
                async with session.get("/v1/health") as answer:
                    if answer.ok:
                        return
            await asyncio.sleep(0.1)
    raise RuntimeError("the control plane did not start")


async def _stop(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
