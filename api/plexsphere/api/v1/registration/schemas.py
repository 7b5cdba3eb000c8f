"""What a machine sends and is told."""

from typing import Annotated, Any

import msgspec

from plexsphere.api.agent_documents import Peer

Text = Annotated[str, msgspec.Meta(max_length=4096)]
Facts = Annotated[
    dict[Annotated[str, msgspec.Meta(max_length=63)], Annotated[str, msgspec.Meta(max_length=255)]],
    msgspec.Meta(max_length=64),
]


class RegisterRequest(msgspec.Struct, frozen=True):
    """The body of a registration; what it holds beyond this is ignored."""

    token: Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
    public_key: Text
    hostname: Text
    metadata: Facts | None = None
    capabilities: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return f"RegisterRequest({self.hostname!r})"


class RegisterAnswer(msgspec.Struct, frozen=True):
    """What the machine is told once; `node_token` is the bearer of all its later calls (design D8)."""

    node_id: str
    mesh_ip: str
    signing_public_key: str
    node_secret_key: str
    node_token: str
    peers: list[Peer]
