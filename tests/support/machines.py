"""Machines that ask to be enrolled, over a raw socket."""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, Self

from tests.support.raw_http import RawAnswer, bearer, call

REGISTER: Final = "/v1/register"
_NUMBERS: Final = count(1)


def a_public_key() -> str:
    """Return a key that no other machine has."""
    return base64.b64encode(os.urandom(32)).decode()


@dataclass(frozen=True)
class Machine:
    """A machine with a key and a hostname of its own."""

    hostname: str = field(default_factory=lambda: f"machine-{next(_NUMBERS)}")
    public_key: str = field(default_factory=a_public_key)

    def body(self, token: str, **changes: Any) -> bytes:
        """Return the body of its registration."""
        wish = {"token": token, "public_key": self.public_key, "hostname": self.hostname}
        return json.dumps({**wish, **changes}).encode()

    async def ask(self, base_url: str, token: str, **changes: Any) -> RawAnswer:
        """Ask to be enrolled."""
        return await call(base_url, "POST", REGISTER, self.body(token, **changes))

    async def enrol(self, base_url: str, token: str, **changes: Any) -> "RawNode":
        """Become a node."""
        answer = await self.ask(base_url, token, **changes)
        assert answer.status == 201, answer.body
        return RawNode.told(base_url, answer)


@dataclass(frozen=True)
class RawNode:
    """A node, and what it was told."""

    base_url: str
    told_at_first: Mapping[str, Any] = field(repr=False)

    @classmethod
    def told(cls, base_url: str, answer: RawAnswer) -> Self:
        """Return the node that a registration's answer speaks of."""
        return cls(base_url, answer.json())

    @property
    def id(self) -> str:
        return str(self.told_at_first["node_id"])

    @property
    def token(self) -> str:
        return str(self.told_at_first["node_token"])

    @property
    def secret_key(self) -> str:
        return str(self.told_at_first["node_secret_key"])

    def path(self, route: str) -> str:
        """Return the path of one of its own routes."""
        return f"/v1/nodes/{self.id}/{route}"

    async def call(
        self,
        method: str,
        route: str,
        body: bytes | None = None,
        *,
        base_url: str = "",
        token: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> RawAnswer:
        """Call one of its own routes, with its token unless another is given."""
        told = {**bearer(token or self.token), **(headers or {})}
        return await call(base_url or self.base_url, method, self.path(route), body, told)

    async def heartbeat(self, *, base_url: str = "", token: str = "") -> int:
        """Say that it lives, and return the status."""
        return (await self.call("POST", "heartbeat", b"{}", base_url=base_url, token=token)).status
