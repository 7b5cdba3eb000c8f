"""A file that is being written."""

import os
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from plexsphere.policy.domain.artifacts.artifact import Content

OWNER_ONLY: Final = 0o600
FRESH: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(slots=True)
class Incoming:
    """
    A file under a passing name, and what it holds so far; every method is a step for a thread.

    It is there before the file is, so that whoever is cancelled while the file is made has something to remove.
    """

    path: Path
    handle: int = -1
    size: int = 0
    digest: Any = field(default_factory=sha256)

    def make(self) -> None:
        """Make the file; there must be none of that name."""
        self.handle = os.open(self.path, FRESH, OWNER_ONLY)

    def write(self, part: bytes) -> None:
        """Add to the file."""
        view = memoryview(part)
        while view:
            view = view[os.write(self.handle, view) :]
        self.digest.update(part)
        self.size += len(part)

    def finish(self) -> None:
        """Have the file on its disk, and let go of it."""
        os.fsync(self.handle)
        self.close()

    def content(self) -> Content:
        """Return what was written."""
        return Content(self.digest.hexdigest(), self.size)

    def move(self, folder: Path) -> None:
        """Put the file into place in one step, and have that on the disk, too."""
        os.replace(self.path, folder / self.content().sha256)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def remove(self) -> None:
        """Let go of the file, and remove it where it is still under its passing name."""
        self.close()
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file."""
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1
