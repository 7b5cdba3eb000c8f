"""What this surface needs from outside, in its own words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from plexsphere.platform.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class Enrolling:
    """A machine that asks to be enrolled."""

    token: Secret[str]
    public_key: str
    hostname: str
    facts: Mapping[str, str]
    capabilities: bytes


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What it is told; `peers` is a JSON array."""

    node_id: str
    mesh_ip: str
    signing_public_key: str
    node_secret_key: Secret[str]
    node_token: Secret[str]
    peers: Secret[str]


class Registration(Protocol):
    """The application behind the surface."""

    async def register(self, machine: Enrolling, /) -> Enrolled:
        """
        Enrol the machine.

        Raises:
            Refusal: one of the surface's problems; nothing changed.
        """
        ...
