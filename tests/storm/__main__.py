"""`make storm`: lets each storm loose on a server of its own, and tells what was promised and what was found."""

import argparse
import asyncio
import datetime
import json
import os
import platform
import resource
import subprocess
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from plexsphere.composition.embedded.postgres import EmbeddedPostgres
from tests.storm.denials import denials
from tests.storm.promises import Promise
from tests.storm.removal import removal
from tests.storm.replay import replay
from tests.storm.restart import restart
from tests.storm.stage import Stage
from tests.storm.vanish import vanish
from tests.support.postgres import TestServer, on_disk, server_folder

# Commits wait for the disk as on a server of its own: 5 ms, with fsync on.
HONEST: Final = {"commit_delay": "5000", "commit_siblings": "0", "fsync": "on", "shared_buffers": "256MB"}
DESCRIPTORS: Final = 65_536
OUT: Final = Path("storm-results.json")
EXAMPLE: Final = "Example: make storm ARGS='--only restart --scale 0.1'"

Storm = Callable[[Stage], Awaitable[Sequence[Promise]]]

STORMS: Final[dict[str, Storm]] = {
    "vanish": vanish,
    "restart": restart,
    "removal": removal,
    "denials": denials,
    "replay": replay,
}


def main() -> int:
    """Return 0 when every promise was kept."""
    arguments = _arguments()
    _allow_descriptors()
    found = asyncio.run(_all(arguments))
    _write(arguments, found)
    broken = [promise for promises in found.values() for promise in promises if not promise.kept]
    print(f"\nwritten to {arguments.out}; {len(broken)} promises broken")
    return 1 if broken else 0


def _allow_descriptors() -> None:
    # Ten thousand agents that come back hold three connections each, at either end; a service is given as many.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= hard < DESCRIPTORS:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, DESCRIPTORS))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make storm", description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--only", nargs="+", choices=list(STORMS), help="let these loose alone")
    parser.add_argument("--scale", type=float, default=1.0, help="a share of the promised number of nodes")
    parser.add_argument(
        "--interval", type=int, default=30, help="the heartbeat interval in seconds; vanish takes 5 at most"
    )
    parser.add_argument("--out", type=Path, default=OUT, help="where the results go")
    return parser.parse_args()


async def _all(arguments: argparse.Namespace) -> dict[str, Sequence[Promise]]:
    found: dict[str, Sequence[Promise]] = {}
    with server_folder(on_disk()) as folder:
        postgres = EmbeddedPostgres(folder / "data", settings=HONEST, elsewhere=folder / "elsewhere")
        await asyncio.to_thread(postgres.start)
        try:
            server = TestServer(postgres)
            for name in arguments.only or list(STORMS):
                found[name] = await _one(server, name, arguments)
        finally:
            await asyncio.to_thread(postgres.stop)
    return found


async def _one(server: TestServer, name: str, arguments: argparse.Namespace) -> Sequence[Promise]:
    print(f"{name}:", flush=True)
    began = time.monotonic()
    with server.migrated_database() as dsn:
        stage = await Stage.set_up(dsn, arguments.scale, arguments.interval, _say)
        promises = await STORMS[name](stage)
    for promise in promises:
        mark = "kept" if promise.kept else "BROKEN"
        print(f"  {mark:6} {promise.name}: {promise.found} (promised: {promise.bar})")
        if promise.yardstick:
            print(f"         {promise.yardstick}")
    _say(f"  took {time.monotonic() - began:.0f} s")
    return promises


def _say(line: str) -> None:
    print(line, flush=True)


def _write(arguments: argparse.Namespace, found: dict[str, Sequence[Promise]]) -> None:
    document: dict[str, Any] = {
        "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "scale": arguments.scale,
        "profile": HONEST,
        "storms": {name: [asdict(promise) for promise in promises] for name, promises in found.items()},
    }
    arguments.out.write_text(json.dumps(document, indent=2) + "\n")


def _commit() -> str:
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=40"], capture_output=True, text=True, check=False
    )
    return told.stdout.strip()


if __name__ == "__main__":
    raise SystemExit(main())
