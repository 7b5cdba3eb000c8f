"""What a PostgreSQL that ended badly leaves behind."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from plexsphere.composition.embedded.errors import LeftoverServerError

PID_FILE: Final = "postmaster.pid"
LEAVE_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.1


def clear_leftover(pgdata: Path) -> None:
    """
    Have no process and no `postmaster.pid` there; processes that are just ending get 30 s for it.

    Raises: `LeftoverServerError`.
    """
    deadline = time.monotonic() + LEAVE_SECONDS
    while (pid := next(processes_of(pgdata), None)) is not None:
        if time.monotonic() > deadline:
            raise LeftoverServerError(pgdata, pid)
        time.sleep(POLL_SECONDS)
    # PostgreSQL itself refuses to start when the number in a stale file was given to another process meanwhile.
    with suppress(FileNotFoundError):
        (pgdata / PID_FILE).unlink()


def processes_of(pgdata: Path) -> Iterator[int]:
    """Yield PostgreSQL's processes on this data directory, in which every one of them works."""
    for process in Path("/proc").glob("[0-9]*"):
        if _is_postgres_in(process, pgdata):
            yield int(process.name)


def _is_postgres_in(process: Path, pgdata: Path) -> bool:
    try:
        return (process / "comm").read_text() == "postgres\n" and os.path.samefile(process / "cwd", pgdata)
    except OSError:
        # Gone meanwhile, or another user's and so not on our data.
        return False
