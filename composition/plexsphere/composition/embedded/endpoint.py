"""How to reach an embedded server."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from psycopg import pq

from plexsphere.composition.embedded.home import SOCKET_PORT
from plexsphere.platform.kernel.secret import Secret


@dataclass(frozen=True)
class Endpoint:
    """The socket's folder and the password that all roles of an embedded server share."""

    folder: Path
    password: Secret[str]

    def dsn(self, role: str, database: str) -> Secret[str]:
        """Return the URL of one database as one role."""
        password = quote(self.password.reveal(), safe="")
        where = f"host={quote(str(self.folder), safe='')}&port={SOCKET_PORT}"
        return Secret(f"postgresql://{role}:{password}@/{quote(database, safe='')}?{where}")

    def answers(self) -> bool:
        """Whether the server takes connections, neither starting nor stopping."""
        where = f"host='{_quoted(self.folder)}' port={SOCKET_PORT} connect_timeout=5"
        return pq.PGconn.ping(where.encode()) == pq.Ping.OK


def _quoted(folder: Path) -> str:
    return str(folder).replace("\\", "\\\\").replace("'", "\\'")
