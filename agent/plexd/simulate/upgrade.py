"""An upgrade as an agent does it, but for putting the binary in its own place (plexd.md, Upgrade Process)."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import msgspec

from plexd.protocol.errors import ControlPlaneError
from plexd.protocol.messages.capabilities import BinaryInfo
from plexd.protocol.messages.executions import ActionRequest
from plexd.simulate.executions import Outcome, Work
from plexd.simulate.member import Member

UPGRADE: Final = "service.upgrade"
FAILURE: Final = "failure"


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Fetches the binary of a version for this machine, verifies it, and is that binary from then on."""

    member: Member
    os: str
    arch: str

    async def __call__(self, request: ActionRequest) -> Outcome:
        """Return how it went; nothing is announced unless the binary is the one that was asked for."""
        version, checksum = (str(request.parameters.get(name, "")) for name in ("version", "checksum"))
        try:
            found = await self._fetched(version)
        except ControlPlaneError as error:
            return Outcome(FAILURE, 1, stderr=f"{type(error).__name__}\n")
        if found != checksum:
            return Outcome(FAILURE, 1, stderr=f"the binary of {version} has another checksum\n")
        await self._be(BinaryInfo(version, found))
        return Outcome(stdout=f"{version}\n")

    async def _fetched(self, version: str) -> str:
        digest = sha256()
        async with self.member.channel.artifact(version, self.os, self.arch) as parts:
            async for part in parts:
                digest.update(part)
        return f"sha256:{digest.hexdigest()}"

    async def _be(self, binary: BinaryInfo) -> None:
        self.member.capabilities = msgspec.structs.replace(self.member.capabilities, binary=binary)
        await self.member.channel.announce_capabilities(self.member.capabilities)


def works_of(member: Member, metadata: Mapping[str, str]) -> dict[str, Work]:
    """Return what a node does of its own; who does not know its machine knows no binary for it."""
    if "os" not in metadata or "arch" not in metadata:
        return {}
    return {UPGRADE: Upgrade(member, metadata["os"], metadata["arch"])}
