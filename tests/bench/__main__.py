"""
`make bench`: measures each figure beside its yardstick, in one run, and writes the results to a file.

A whole run with the results where they are checked in also writes the table of docs/limits.md.
"""

import argparse
import asyncio
import datetime
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from tests.bench import page
from tests.bench.figure import Figure
from tests.bench.machine import commit, machine
from tests.bench.rows import events, fan_out, heartbeat, latency, lists, policies, pushes, registration, state
from tests.bench.site import HONEST, Bench
from tests.support.postgres import on_disk, server_folder

OUT: Final = Path("bench-results.json")
EXAMPLE: Final = "Example: make bench ARGS='--only heartbeat state --out results.json'"
PROFILE: Final = {
    "nodes": "classes of 51, each node sees the other 50 of its class",
    "agents": "their streams are read, and every event is verified, in a process of its own",
    "tls": "on, unless a figure says plain",
    "postgresql": HONEST,
}

ROWS: Final[dict[str, Callable[[Bench], Awaitable[Sequence[Figure]]]]] = {
    "heartbeat": heartbeat.measure,
    "state": state.measure,
    "commit": latency.measure,
    "events": events.measure,
    "fan-out": fan_out.small,
    "large-fan-out": fan_out.large,
    "registration": registration.measure,
    "list": lists.measure,
    "push": pushes.measure,
    "policy": policies.measure,
}


def main() -> int:
    """Measure and return 0; figures that miss their bar are marked, not hidden."""
    arguments = _arguments()
    document = asyncio.run(_measured(arguments.only or list(ROWS)))
    arguments.out.write_text(json.dumps(document, indent=2) + "\n")
    if arguments.out == OUT and not arguments.only:
        page.write(document)
    missed = [figure["name"] for figure in document["figures"].values() if not figure["holds"]]
    print(
        f"\n{len(document['figures']) - len(missed)} figures hold, {len(missed)} miss; written to {arguments.out}"
    )
    for name in missed:
        print(f"  MISSES: {name}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--only", nargs="+", choices=list(ROWS), help="measure these alone")
    parser.add_argument("--out", type=Path, default=OUT, help="where the results go")
    return parser.parse_args()


async def _measured(names: Sequence[str]) -> dict[str, Any]:
    started = time.monotonic()
    with server_folder(on_disk()) as folder, ExitStack() as stack:
        bench = Bench(folder, _say, stack)
        await asyncio.to_thread(bench.begin)
        document: dict[str, Any] = {
            "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "commit": commit(),
            "machine": machine(bench.databases.postgres.dsn),
            "profile": PROFILE,
            "figures": {},
        }
        for place, name in enumerate(names, start=1):
            _say(f"[{place}/{len(names)}, {time.monotonic() - started:.0f} s] {name}")
            for figure in await ROWS[name](bench):
                document["figures"][figure.key] = figure.document()
                _say("\n".join(f"  {line}" for line in figure.lines()))
    return document


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
