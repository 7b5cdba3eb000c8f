"""Small files that only their owner reads."""

import os
from pathlib import Path
from typing import Final

OWNER_ONLY: Final = 0o600


def write_private(path: Path, text: str) -> None:
    """Put a whole file of mode 0600 into place in one step; a crash leaves the old one or the new one."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, OWNER_ONLY)
    with open(handle, "w") as file:
        os.fchmod(handle, OWNER_ONLY)
        file.write(text)
        file.flush()
        os.fsync(handle)
    os.replace(fresh, path)


def read_if_present(path: Path) -> str | None:
    """Return the file's text without its last line feed, or None where there is no file."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return None
