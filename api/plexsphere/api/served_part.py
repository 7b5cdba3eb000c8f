"""The surface of a process that serves a part of it."""

from dataclasses import dataclass
from typing import Any, Final

from plexsphere.api import catalogue
from plexsphere.api.edge import AsgiApp, DirectRoutes
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.meta import operations as meta
from plexsphere.api.v1.node_protocol import operations as node_protocol

RETRY_AFTER: Final = {"Retry-After": "5"}
EVERYWHERE: Final = frozenset({meta.LIVE.path, meta.READY.path})
BEFORE_ID, BEHIND_ID = node_protocol.EVENTS.path.split("{node_id}")


@dataclass(frozen=True, slots=True)
class ServedPart:
    """
    Answers the port `DirectRoutes`: what this process does not serve is refused with 503, for another one does.

    Liveness and readiness are answered by every process.
    """

    direct: DirectRoutes
    has_api: bool
    has_streams: bool

    def match(self, scope: Any, /) -> AsgiApp | None:
        """Return the refusal, or whatever answers the request in a process that serves it."""
        if scope["path"] in EVERYWHERE:
            return None
        is_served = self.has_streams if _is_stream(scope) else self.has_api
        return self.direct.match(scope) if is_served else _refuse


def _is_stream(scope: Any) -> bool:
    path: str = scope["path"]
    return scope["method"] == "GET" and path.startswith(BEFORE_ID) and path.endswith(BEHIND_ID)


async def _refuse(_scope: Any, _receive: Any, _send: Any) -> None:
    raise Refusal(catalogue.NOT_SERVED_HERE, headers=RETRY_AFTER)
