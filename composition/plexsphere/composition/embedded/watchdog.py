"""Stops PostgreSQL when plexsphere is gone without having stopped it."""

import subprocess
from pathlib import Path
from typing import Final

from plexsphere.composition.embedded.account import Account

END_SECONDS: Final = 5
# Waits for the end of its input, which comes when the process at the other end dies by whatever cause.
SCRIPT: Final = """
while read -r _; do :; done
read -r noted <"$2" && [ "$noted" = "$1" ] && kill -INT "$1"
"""


class Watchdog:
    """Watches over this process for one server, until `dismiss`."""

    def __init__(self, account: Account, pid: int, pid_file: Path) -> None:
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", SCRIPT, "plexsphere-postgres-watchdog", str(pid), str(pid_file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **account.options(),
        )

    def dismiss(self) -> None:
        """End the watch, the server untouched."""
        self._process.kill()
        self._process.communicate(timeout=END_SECONDS)
