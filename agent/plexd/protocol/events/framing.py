"""Server-sent events: from bytes, cut anywhere, to whole frames."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from plexd.protocol.errors import BrokenStream

LINE_LIMIT: Final = 64 * 1024
FRAME_LIMIT: Final = 4 * 1024 * 1024

# An id goes back as the value of a header, so nothing else is taken for one.
_ID: Final = re.compile(rb"[\x21-\x7e]{1,256}")


@dataclass(frozen=True, slots=True)
class Frame:
    """A block that was ended by its blank line; `data` are its data lines joined by line feeds."""

    data: bytes
    id: str | None
    event: str


class FrameParser:
    """
    Takes bytes as they come and gives back the frames they complete.

    Lines end with LF or CRLF. Comments, unknown fields and blocks without data are dropped; an id counts only in a
    block with data. What has no blank line yet is not a frame, however the stream ends.
    """

    __slots__ = ("_data", "_event", "_id", "_rest", "_searched", "_size")

    def __init__(self) -> None:
        self._rest = bytearray()
        self._searched = 0
        self._data: list[bytes] = []
        self._id: str | None = None
        self._event = ""
        self._size = 0

    def feed(self, octets: bytes) -> Iterator[Frame]:
        """
        Yield the frames that these bytes complete; to be exhausted before the next feed.

        Raises:
            BrokenStream: a line of 64 KiB or more, or a block of more than 4 MiB.
        """
        self._rest += octets
        for line in self._complete_lines():
            _require_bounded(line)
            if (frame := self._take(line)) is not None:
                yield frame
        _require_bounded(self._rest)

    def _complete_lines(self) -> list[bytes]:
        end = self._rest.rfind(b"\n", self._searched) + 1
        lines = bytes(self._rest[:end]).split(b"\n")[:-1]
        del self._rest[:end]
        self._searched = len(self._rest)
        return lines

    def _take(self, line: bytes) -> Frame | None:
        line = line.removesuffix(b"\r")
        if not line:
            return self._end_of_block()
        name, _, value = line.partition(b":")
        self._field(name, value.removeprefix(b" "))
        return None

    def _field(self, name: bytes, value: bytes) -> None:
        if name == b"data":
            self._append(value)
        elif name == b"id" and _ID.fullmatch(value):
            self._id = value.decode("ascii")
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")

    def _append(self, value: bytes) -> None:
        self._size += len(value) + 1
        if self._size > FRAME_LIMIT:
            raise BrokenStream("a block of more than 4 MiB")
        self._data.append(value)

    def _end_of_block(self) -> Frame | None:
        frame = Frame(b"\n".join(self._data), self._id, self._event) if self._data else None
        self._reset()
        return frame

    def _reset(self) -> None:
        self._data = []
        self._id = None
        self._event = ""
        self._size = 0


def _require_bounded(line: bytes | bytearray) -> None:
    if len(line) >= LINE_LIMIT:
        raise BrokenStream("a line of 64 KiB or more")
