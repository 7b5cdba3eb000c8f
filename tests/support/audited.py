"""What Python itself reports of a stretch of code: files opened, processes started, sockets made."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

TOUCHES_THE_WORLD: Final = (
    "open",
    "os.",
    "subprocess.",
    "socket.",
    "shutil.",
    "tempfile.",
    "ctypes.",
    "import",
    "pty.",
)

_SEEN: Final[ContextVar[list[str] | None]] = ContextVar("seen", default=None)
_HOOKED: Final[list[bool]] = []


@contextmanager
def audited() -> Iterator[list[str]]:
    """Yield the list of what this context does to the world meanwhile; the hook, once there, stays and sleeps."""
    if not _HOOKED:
        sys.addaudithook(_hear)
        _HOOKED.append(True)
    seen: list[str] = []
    token = _SEEN.set(seen)
    try:
        yield seen
    finally:
        _SEEN.reset(token)


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    seen = _SEEN.get()
    if seen is not None and event.startswith(TOUCHES_THE_WORLD):
        seen.append(f"{event} {arguments[:1]}")
