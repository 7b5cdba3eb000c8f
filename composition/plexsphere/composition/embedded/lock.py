"""One plexsphere at a time on one data folder."""

import fcntl
import os
from pathlib import Path
from typing import Self

from plexsphere.composition.embedded.errors import DataFolderRefusedError, DataInUseError
from plexsphere.composition.embedded.private_file import OWNER_ONLY


class DataLock:
    """Held by this process until `release`; the operating system lets go of it when the process dies."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    @classmethod
    def take(cls, data: Path) -> Self:
        """
        Hold the folder for this process.

        Raises: `DataInUseError`, `DataFolderRefusedError`.
        """
        handle = _open(data)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 32).decode(errors="replace").strip()
            os.close(handle)
            raise DataInUseError(data, holder or "unknown") from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        return cls(handle)

    def release(self) -> None:
        """Let the next one in."""
        os.close(self._handle)


def _open(data: Path) -> int:
    try:
        return os.open(data / "postgres.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, OWNER_ONLY)
    except OSError as error:
        raise DataFolderRefusedError(data, error.strerror or str(error)) from error
