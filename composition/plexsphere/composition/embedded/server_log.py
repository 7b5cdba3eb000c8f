"""The file that PostgreSQL writes its messages to."""

import os
from pathlib import Path
from typing import Final

from plexsphere.composition.embedded.private_file import OWNER_ONLY

KEPT_BYTES: Final = 8 * 1024 * 1024
TAIL_BYTES: Final = 4096


class ServerLog:
    """
    One file of at most 8 MiB at each start, and one older; opened by us, so the server needs no access to it.

    Of one start, `tail` shows the end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._begin = 0

    def open(self) -> int:
        """Return a handle that appends, for the server to inherit; the caller closes it."""
        if self.path.exists() and self.path.stat().st_size > KEPT_BYTES:
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, OWNER_ONLY)
        self._begin = os.fstat(handle).st_size
        return handle

    def tail(self) -> str:
        """Return the last few lines since `open`."""
        with self.path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(self._begin, end - TAIL_BYTES))
            return file.read().decode(errors="replace")
