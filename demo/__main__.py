"""python -m demo: what `make demo` runs."""

import argparse
import asyncio
import sys
from typing import Final

from demo.control_plane import control_plane
from demo.story import Story
from demo.telling import PromiseBroken, progress, say
from plexd.protocol.client.control_plane import ControlPlane
from plexd.protocol.client.transport import Transport

EXAMPLE: Final = "Example: make demo  (Ctrl-C ends it; without a terminal it ends by itself)"


def main() -> int:
    """Play the story and return 0, or 1 when a promise failed."""
    argparse.ArgumentParser(prog="make demo", description=__doc__, epilog=EXAMPLE).parse_args()
    try:
        asyncio.run(_demo())
    except PromiseBroken as broken:
        print(f"A promise was broken: {broken}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("")
    return 0


async def _demo() -> None:
    say("Starting a control plane with an embedded PostgreSQL …")
    async with control_plane() as (base_url, operator), Transport.connected(base_url) as transport:
        say(f"It serves on {base_url}.")
        story = Story(operator, ControlPlane(transport))
        try:
            await story.play()
            say("Every promise held.")
            await _watch(story)
        finally:
            await story.close()


async def _watch(story: Story) -> None:
    if not sys.stdout.isatty():
        return
    say("The machines go on; Ctrl-C ends everything.")
    while True:
        counters = [machine.node.counters for machine in story.machines]
        beats, verified = sum(each.heartbeats for each in counters), sum(each.verified for each in counters)
        progress(f"  {len(counters)} machines, {beats} heartbeats, {verified} events verified")
        await asyncio.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
