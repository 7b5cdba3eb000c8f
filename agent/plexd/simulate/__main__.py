"""The command plexd-simulate."""

import asyncio
import signal
import sys
from collections.abc import Sequence

from plexd.protocol.timing import Timing
from plexd.simulate.arguments import Arguments, read_arguments
from plexd.simulate.fleet import FleetReport
from plexd.simulate.open_files import allow_open_files
from plexd.simulate.run import RunFleet
from plexd.simulate.screen import screen_for


def main(argv: Sequence[str] | None = None) -> int:
    """Run a fleet; return 0 if it was let in whole and nothing it heard was wrong, else 1."""
    arguments = read_arguments(argv)
    if not allow_open_files(2 * len(arguments.tokens)):
        print("plexd-simulate: the limit on open files is too low (see ulimit -n)", file=sys.stderr)
    report = asyncio.run(_run(arguments))
    return 0 if is_sound(report) else 1


def is_sound(report: FleetReport) -> bool:
    """Tell whether every machine was let in, none ended, and every event was right and in order."""
    return (
        report.enrolled == report.wanted
        and report.refused == report.ended == 0
        and report.totals.suspicious() == report.totals.disordered == 0
    )


async def _run(arguments: Arguments) -> FleetReport:
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupted.set)
    return await RunFleet(screen_for(sys.stdout), interrupted, Timing.system())(arguments)


if __name__ == "__main__":
    sys.exit(main())
