"""make crash: two servers, killed again and again under load, and a look at everything after each time."""

import argparse
import asyncio
import random
import sys
import time

from tests.crash.rig import Outcome, crash


def main() -> int:
    """Run the cycles, say how each went, and return a status other than 0 if anything was broken."""
    parser = argparse.ArgumentParser(prog="make crash", description=__doc__)
    parser.add_argument("--cycles", type=int, default=30, help="how many (30)")
    parser.add_argument("--seed", type=int, help="repeats the plan of a run")
    given = parser.parse_args()
    seed = random.randrange(1_000_000) if given.seed is None else given.seed
    print(
        f"{given.cycles} cycles; ARGS='--cycles {given.cycles} --seed {seed}' repeats their plan", flush=True
    )
    began = time.monotonic()
    outcome = asyncio.run(crash(seed, given.cycles, lambda line: print(line, flush=True)))
    print(_told(outcome, time.monotonic() - began), flush=True)
    return 1 if outcome.broken else 0


def _told(outcome: Outcome, seconds: float) -> str:
    return (
        f"{outcome.cycles} cycles in {seconds:.0f} s: {outcome.acknowledged} acknowledged writes, "
        f"{outcome.unanswered} unanswered, {outcome.frames} frames in order, "
        f"{outcome.at_failpoints} deaths at failpoints, at least {outcome.in_flight} operations in flight, "
        f"answers by status {outcome.statuses}; "
        f"{'BROKEN, as said above' if outcome.broken else 'nothing was broken'}"
    )


if __name__ == "__main__":
    sys.exit(main())
