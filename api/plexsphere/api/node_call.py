"""One call of a node as plain ASGI, and what all of them share (design section 5)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from plexsphere.api import catalogue
from plexsphere.api.callers import CallingNode
from plexsphere.api.gate import NodeGate
from plexsphere.api.problem import Refusal
from plexsphere.api.shedding import Shedding, Work

PREFIX: Final = "/v1/nodes/"
JSON: Final = (b"content-type", b"application/json")
NOT_STORED: Final = (b"cache-control", b"no-store")
NOTHING_TO_DO: Final = b"{}"
# Decoding what nobody reads is a large part of a heartbeat's cost.
READ: Final = {
    name.encode(): name
    for name in (
        "authorization",
        "content-type",
        "content-encoding",
        "content-length",
        "if-none-match",
        "last-event-id",
        "plexsphere-state-version",
    )
}
ENCODER: Final = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class NodeCall(ABC):
    """Answers one operation for the node whose credential comes with it; each surface adds the port it asks."""

    gate: NodeGate
    shedding: Shedding

    @abstractmethod
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...

    async def _node(self, scope: Any, headers: dict[str, str]) -> CallingNode:
        """
        Return the node that calls, which the path names.

        Raises:
            Refusal: as the gate's, `overloaded` or `rate_limited`.
        """
        self._require_room()
        claimed = scope["path"][len(PREFIX) :].partition("/")[0]
        authorization = headers.get("authorization", "")
        node = self.gate.known(authorization, claimed)
        if node is None:
            self._require_lookup()
            node = await self.gate.node(authorization, claimed, scope)
        self._require_pace(node)
        return node

    async def _any_node(self, scope: Any, headers: dict[str, str]) -> CallingNode:
        """
        Return the node that calls, for an operation whose path names none.

        Raises:
            Refusal: as the gate's, `overloaded` or `rate_limited`.
        """
        self._require_room()
        self._require_lookup()
        node = await self.gate.any_node(headers.get("authorization", ""), scope)
        self._require_pace(node)
        return node

    def _require_room(self) -> None:
        self.shedding.require_room(Work.STATE)

    def _require_lookup(self) -> None:
        self.shedding.require_lookup()

    def _require_pace(self, node: CallingNode) -> None:
        self.gate.limits.require_node_call(node.name)


def headers_of(scope: Any) -> dict[str, str]:
    """Return the headers that node calls read, by their lower-case names."""
    return {READ[name]: value.decode("latin-1") for name, value in scope["headers"] if name in READ}


async def answer(send: Any, status: int, body: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    """Answer whole; a 304 has no length."""
    head = headers if status == 304 else (*headers, (b"content-length", b"%d" % len(body)))
    await send.answer(status, head, body)


def require_own(field: str, named: str, own: str) -> None:
    """
    Let a body through that names what its path names, or nothing: agents in the field send empty ids (C05).

    Raises:
        Refusal: `invalid_body`; another's id is a mistake, or worse.
    """
    if named and named != own and named.lower() != own.lower():
        raise Refusal(catalogue.INVALID_BODY, f"{field} names another one than the path; leave it out")
