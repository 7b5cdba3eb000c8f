"""`plexsphere up`: out of nothing, again and again, whatever interrupted it."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.command_line import END_SECONDS, Up, start, up
from tests.support.control_plane import free_port
from tests.support.postgres import server_folder

pytestmark = pytest.mark.e2e


@pytest.fixture
def data() -> Iterator[Path]:
    with server_folder() as folder:
        yield folder / "data"
        # Whoever was killed left the stopping to a watchdog, which still needs the files.
        deadline = time.monotonic() + END_SECONDS
        while database_runs(folder) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not database_runs(folder)


def database_runs(data: Path) -> bool:
    """Tell whether PostgreSQL holds the folder; a clean stop takes its note away."""
    return any(data.glob("**/postmaster.pid"))


async def slugs(running: Up) -> dict[str, list[str]]:
    """Return the slugs of everything that a first boot makes."""
    async with running.as_operator() as client:
        domains = await listed(client, "/v1/domains")
        projects = await listed(client, "/v1/projects")
        of_projects = [await listed(client, f"/v1/projects/{row['id']}/policies") for row in projects]
    policies = [row for rows in of_projects for row in rows]
    kinds = {"domains": domains, "projects": projects, "policies": policies}
    return {kind: [row["slug"] for row in rows] for kind, rows in kinds.items()}


async def listed(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    answer = await client.get(path)
    return list(answer.raise_for_status().json()["items"])


FIRST_BOOT = {"domains": ["default"], "projects": ["default"], "policies": ["default-allow-all"]}


async def test_a_second_start_finds_everything_again_and_ctrl_c_stops_all_of_it(data: Path) -> None:
    async with up(data) as first:
        await first.until_ready()
        assert await slugs(first) == FIRST_BOOT
        token = (data / "operator.token").read_text()
        async with first.as_operator() as client:
            made = await client.post("/v1/domains", json={"name": "Acme", "slug": "acme"})
            [project] = await listed(client, "/v1/projects")
            [policy] = await listed(client, f"/v1/projects/{project['id']}/policies")
            await client.delete(f"/v1/projects/{project['id']}/policies/{policy['id']}")
        first.interrupt()
        ended = await first.ended()

    assert made.status_code == 201
    assert (ended.status, ended.complained) == (0, "")
    assert token.strip() in ended.said
    assert not database_runs(data)

    async with up(data) as second:
        await second.until_ready()
        kept = await slugs(second)
        second.interrupt()
        ended = await second.ended()

    assert kept == {"domains": ["acme", "default"], "projects": ["default"], "policies": []}
    assert (data / "operator.token").read_text() == token
    assert token.strip() not in ended.said
    assert (ended.status, ended.complained) == (0, "")
    for secret in ("operator.token", "nsk-wrap.key"):
        assert (data / secret).stat().st_mode & 0o777 == 0o600


async def test_a_first_boot_that_was_killed_again_and_again_is_finished_by_the_next(data: Path) -> None:
    for last_words in ["creating", "migrated", "migrated 0004", "shown this once", "serves on"]:
        async with up(data) as interrupted:
            await until_said(interrupted, last_words)
            await interrupted.kill()

    async with up(data) as finished:
        await finished.until_ready()

        assert await slugs(finished) == FIRST_BOOT


async def test_ctrl_c_while_it_starts_leaves_nothing_running_and_no_traceback(data: Path) -> None:
    for moment in ["creating", "migrated"]:
        async with up(data) as starting:
            await until_said(starting, moment)
            starting.interrupt()
            ended = await starting.ended()

        assert ended.status != 0
        assert ended.complained.strip() == "Aborted!"
        assert not database_runs(data)


async def until_said(running: Up, words: str) -> None:
    """Read what it says, up to a line with these words; a start that skips it has come further already."""
    assert running.process.stdout is not None
    async with asyncio.timeout(60):
        async for line in running.process.stdout:
            if words in line.decode() or "serves on" in line.decode():
                return
    raise AssertionError((await running.ended()).complained)


async def test_make_up_serves_from_a_clean_folder_and_ends_with_ctrl_c(data: Path) -> None:
    root = Path(__file__).parents[2]
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        "make",
        "up",
        cwd=root,
        # What the make that runs the tests was given is not for this one.
        env={
            **os.environ,
            "MAKEFLAGS": "",
            "ARGS": "",
            "PLEXSPHERE_DATA_DIR": str(data),
            "PLEXSPHERE_LISTEN": f"127.0.0.1:{port}",
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    running = Up(process, f"http://127.0.0.1:{port}", data)
    try:
        await running.until_ready()
        running.interrupt()
        ended = await running.ended()
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)

    assert "Traceback" not in ended.complained
    assert not database_runs(data)


async def test_two_on_one_folder_are_refused_with_the_folders_name(data: Path) -> None:
    async with up(data) as first:
        await first.until_ready()
        second = await start("up", PLEXSPHERE_DATA_DIR=str(data), PLEXSPHERE_LISTEN="127.0.0.1:1")
        said, complained = await second.communicate()

    assert second.returncode != 0
    assert said == b""
    assert complained.decode().startswith("Error: ")
    assert str(data) in complained.decode()
    assert len(complained.decode().splitlines()) == 1
