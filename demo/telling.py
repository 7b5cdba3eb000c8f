"""What is told of the demonstration, and how it ends when a promise does not hold."""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

SETTLE_SECONDS: Final = 15.0
LOOK_SECONDS: Final = 0.02


class PromiseBroken(Exception):
    """Something that the control plane promises did not hold."""


def promise(holds: bool, otherwise: str) -> None:
    """
    Go on only if it holds.

    Raises:
        PromiseBroken: with what is the case otherwise.
    """
    if not holds:
        raise PromiseBroken(otherwise)


async def until(claim: str, holds: Callable[[], bool], why_not: Callable[[], str] = str) -> None:
    """
    Return once it holds.

    Raises:
        PromiseBroken: it did not hold in time; with the claim, and why not.
    """
    deadline = time.monotonic() + SETTLE_SECONDS
    while not holds():
        promise(time.monotonic() < deadline, f"{claim}: not within {SETTLE_SECONDS:.0f} s. {why_not()}")
        await asyncio.sleep(LOOK_SECONDS)


def say(line: str) -> None:
    """Tell the person who watches."""
    print(line, flush=True)


def progress(line: str) -> None:
    """Show how far it is, in place on a terminal; elsewhere the outcome is enough."""
    if sys.stdout.isatty():
        print(f"\r\x1b[2K{line}", end="", flush=True)


def settled() -> None:
    """End the line that showed progress."""
    if sys.stdout.isatty():
        print("\r\x1b[2K", end="", flush=True)


class Board:
    """Lines that stay in their place on a terminal and are written over; elsewhere nobody sees them."""

    def __init__(self) -> None:
        self.is_seen: Final = sys.stdout.isatty()
        self._height = 0

    def show(self, lines: Sequence[str]) -> None:
        """Write the lines in place of the former ones, of which there were as many."""
        if self.is_seen:
            up = f"\x1b[{self._height}A" if self._height else ""
            print(up + "".join(f"\x1b[2K{line}\n" for line in lines), end="", flush=True)
            self._height = len(lines)

    def leave(self) -> None:
        """Let the lines stand; what is shown next comes below."""
        self._height = 0
