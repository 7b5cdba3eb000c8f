"""Exceptions as a log may hold them: types and places in the code, no text and no values."""

import traceback
from collections.abc import Iterator
from pathlib import PurePath
from types import TracebackType
from typing import Final

from plexsphere.platform.telemetry.masking import type_name

MOST_FRAMES: Final = 20
MOST_EXCEPTIONS: Final = 8
FOLDERS_SHOWN: Final = 3


def told(error: BaseException) -> list[dict[str, object]]:
    """Return the exception and what it was raised from, outermost first; the frames of each end where it was raised."""
    found: list[dict[str, object]] = []
    for each in _related(error, set()):
        found.append({"type": type_name(type(each)), "frames": _frames(each.__traceback__)})
        if len(found) == MOST_EXCEPTIONS:
            break
    return found


def _related(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        if isinstance(error, BaseExceptionGroup):
            for member in error.exceptions:
                yield from _related(member, seen)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _frames(trace: TracebackType | None) -> list[str]:
    frames = [
        f"{_short(frame.f_code.co_filename)}:{line}:{frame.f_code.co_qualname}"
        for frame, line in traceback.walk_tb(trace)
    ]
    return frames[-MOST_FRAMES:]


def _short(filename: str) -> str:
    return "/".join(PurePath(filename).parts[-FOLDERS_SHOWN:])
