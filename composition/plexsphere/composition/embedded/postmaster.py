"""One running PostgreSQL server process."""

import os
import signal
import subprocess
from collections.abc import Mapping
from typing import Final

from plexsphere.composition.embedded.errors import StartFailedError
from plexsphere.composition.embedded.home import SOCKET_PORT, Home
from plexsphere.composition.embedded.installation import Installation
from plexsphere.composition.embedded.leftover import PID_FILE
from plexsphere.composition.embedded.server_log import ServerLog
from plexsphere.composition.embedded.watchdog import Watchdog

FAST_STOP_SECONDS: Final = 30.0
IMMEDIATE_STOP_SECONDS: Final = 10.0


class Postmaster:
    """Started by its constructor; `stop` ends it and everything that belongs to it, within 45 s."""

    def __init__(
        self, home: Home, installation: Installation, settings: Mapping[str, str], log: ServerLog
    ) -> None:
        self._log = log
        self._process = _launch(home, _command(home, installation, settings), log)
        self._watchdog = _watch(home, self._process)

    @property
    def pid(self) -> int:
        """The process number."""
        return self._process.pid

    def require_running(self) -> None:
        """
        Return if the server lives.

        Raises: `StartFailedError`.
        """
        if self._process.poll() is not None:
            raise StartFailedError("ended while starting", self._log.path, self._log.tail())

    def stop(self) -> None:
        """End the server: connections are cut and work in progress rolled back; if that hangs, at once."""
        self._watchdog.dismiss()
        if self._ends(signal.SIGINT, FAST_STOP_SECONDS) or self._ends(signal.SIGQUIT, IMMEDIATE_STOP_SECONDS):
            return
        self._process.kill()
        self._process.wait()

    def kill(self) -> None:
        """End the server as a power cut would."""
        self._watchdog.dismiss()
        self._process.kill()
        self._process.wait()

    def _ends(self, number: signal.Signals, seconds: float) -> bool:
        self._process.send_signal(number)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


def _launch(home: Home, command: list[str], log: ServerLog) -> subprocess.Popen[bytes]:
    handle = log.open()
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=handle,
            # Ctrl-C in the terminal is for plexsphere, which stops its database last.
            start_new_session=True,
            **home.account.options(),
        )
    finally:
        os.close(handle)


def _watch(home: Home, process: subprocess.Popen[bytes]) -> Watchdog:
    try:
        return Watchdog(home.account, process.pid, home.pgdata / PID_FILE)
    except OSError:
        # A server that nobody would stop must not stay.
        process.kill()
        process.wait()
        raise


def _command(home: Home, installation: Installation, settings: Mapping[str, str]) -> list[str]:
    fixed = {
        "listen_addresses": "",
        "port": str(SOCKET_PORT),
        "unix_socket_directories": str(home.path),
        "unix_socket_permissions": "0600",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    options = [f"--{name}={value}" for name, value in {**settings, **fixed}.items()]
    return [installation.program("postgres"), "-D", str(home.pgdata), *options]
