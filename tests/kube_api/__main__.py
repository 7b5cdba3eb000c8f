"""
An API server as a process of its own: it keeps its objects in memory, whatever becomes of those who call it.

Once it answers there are `kubeconfig` and `admin-url` in the state directory.
"""

import argparse
import asyncio
import signal
from pathlib import Path
from typing import Final

from tests.kube_api.admin import admin_endpoint
from tests.kube_api.server import running_api

EXAMPLE: Final = "Example: python -m tests.kube_api --state-dir /tmp/cluster"
KUBECONFIG: Final = "kubeconfig"
ADMIN_URL: Final = "admin-url"


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m tests.kube_api", description=__doc__, epilog=EXAMPLE)
    parser.add_argument(
        "--port", type=int, default=0, help="the API's port on 127.0.0.1; any free one by default"
    )
    parser.add_argument("--state-dir", type=Path, required=True, help="where its files go")
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.port, arguments.state_dir))


async def _serve(port: int, state: Path) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with running_api(port=port) as running, admin_endpoint(running.api) as admin_url:
        await asyncio.to_thread(_write, state, running.kubeconfig(), admin_url)
        print(f"answers on {running.url}", flush=True)
        await ended.wait()


def _write(state: Path, kubeconfig: bytes, admin_url: str) -> None:
    state.mkdir(parents=True, exist_ok=True)
    # Whoever waits for the last file finds all of them whole.
    for name, octets in ((KUBECONFIG, kubeconfig), (ADMIN_URL, admin_url.encode())):
        unready = state / f".{name}"
        unready.write_bytes(octets)
        unready.rename(state / name)


if __name__ == "__main__":
    main()
