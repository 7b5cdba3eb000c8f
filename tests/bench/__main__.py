"""`make bench`: measures each figure beside its yardstick, in one run, and writes the results to a file."""

import argparse
import asyncio
import datetime
import json
import platform
import subprocess
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from plexsphere.composition.embedded.postgres import EmbeddedPostgres
from plexsphere.platform.db.migrator import migrate
from tests.bench import rows
from tests.bench.processes import Cpu, Yardstick, yardstick
from tests.bench.rows import Bench, Figure
from tests.support.postgres import server_folder

# Commits wait for the disk as on a server of its own: 5 ms, with fsync on.
HONEST: Final = {"commit_delay": "5000", "commit_siblings": "0", "fsync": "on", "shared_buffers": "256MB"}
OUT: Final = Path("bench-results.json")
EXAMPLE: Final = "Example: make bench ARGS='--only heartbeat --out results.json'"

Row = Callable[[Bench, Yardstick], Awaitable[Sequence[Figure]]]


async def _registration(bench: Bench, _: Yardstick) -> Sequence[Figure]:
    return await rows.registration(bench)


async def _commit_to_frame(bench: Bench, _: Yardstick) -> Sequence[Figure]:
    return await rows.commit_to_frame(bench)


ROWS: Final[dict[str, Row]] = {
    "heartbeat": rows.heartbeat_and_state,
    "commit": _commit_to_frame,
    "fan-out": rows.fan_out_and_memory,
    "registration": _registration,
    "state": rows.full_state,
}


def main() -> int:
    """Measure and return 0; figures that miss their bar are marked, not hidden."""
    arguments = _arguments()
    figures = asyncio.run(_measure(arguments.only or list(ROWS)))
    _write(arguments.out, figures)
    print(f"\nwritten to {arguments.out}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--only", nargs="+", choices=list(ROWS), help="measure these alone")
    parser.add_argument("--out", type=Path, default=OUT, help="where the results go")
    return parser.parse_args()


async def _measure(names: Sequence[str]) -> list[Figure]:
    figures: list[Figure] = []
    with server_folder() as folder:
        postgres = EmbeddedPostgres(folder / "data", settings=HONEST, elsewhere=folder / "elsewhere")
        await asyncio.to_thread(postgres.start)
        try:
            await migrate(postgres.dsn)
            bench = Bench(postgres.dsn, Cpu(postgres.pid), print)
            await bench.begin()
            async with yardstick() as bare:
                for name in names:
                    print(f"{name}:")
                    for figure in await ROWS[name](bench, bare):
                        figures.append(figure)
                        _print(figure)
        finally:
            await asyncio.to_thread(postgres.stop)
    return figures


def _print(figure: Figure) -> None:
    mark = "holds" if figure.holds else "MISSES"
    print(f"  {figure.name}: ratio {figure.ratio:.2f} to its yardstick; {figure.ours} ({mark}: {figure.bar})")
    print(f"    {figure.yardstick}", flush=True)


def _write(path: Path, figures: Sequence[Figure]) -> None:
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    document = {
        "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip(),
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "python": platform.python_version(),
        },
        "profile": HONEST,
        "figures": [asdict(figure) for figure in figures],
    }
    path.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
