"""Many nodes in classes that see each other, put in place directly: what is measured is what comes after."""

import os
import secrets
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any, Final
from uuid import UUID

from plexsphere.fleet.domain.hostname import Hostname
from plexsphere.fleet.domain.node import Node, NodeKind, Reachability
from plexsphere.fleet.domain.public_key import PublicKey
from plexsphere.identity.domain.bootstrap_token import BootstrapTokenKind
from plexsphere.identity.domain.enrolment import Admitted, Applicant
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId, TokenId
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT
from plexsphere.policy.application.policy_draft import PolicyDraft
from plexsphere.policy.application.wording import RuleWords

CLASS_SIZE: Final = 51
BATCH: Final = 500
ANYWHERE: Final = "0.0.0.0/0"


@dataclass(frozen=True, slots=True)
class Populated:
    """A node with its credential."""

    node_id: str
    token: str


@dataclass(frozen=True, slots=True)
class Population:
    """Puts nodes and policies into the default Domain of a root."""

    root: Any
    domain_id: DomainId
    project_id: ProjectId

    async def no_policies(self) -> None:
        """Let nobody see anybody."""
        policies = self.root.policy()
        for header in (await policies.list_policies(self.project_id, None, 10)).headers:
            await policies.delete_policy(self.project_id, header.id, confirm=True)

    async def classes(self, first: int, count: int) -> None:
        """Let the nodes of each of these classes see each other and nobody else."""
        for number in range(first, first + count):
            await self.policy(f"class-{number}", f"class=c{number}", "allow", 443)

    async def policy(self, slug: str, selector: str, action: str, port: int) -> None:
        """Make a policy among the nodes of a selector."""
        rule = RuleWords(action, "tcp", ANYWHERE, ANYWHERE, (port, port))
        await self.root.policy().create_policy(
            PolicyDraft(self.project_id, slug, "", selector, selector, (rule,), PLATFORM_OBJECT)
        )

    async def nodes(self, first: int, count: int) -> list[Populated]:
        """Put nodes into their classes; return them with their credentials."""
        made: list[Populated] = []
        for start in range(first, first + count, BATCH):
            made += await self._batch(range(start, min(start + BATCH, first + count)))
        return made

    async def _batch(self, numbers: range) -> list[Populated]:
        root = self.root
        async with root.platform().database():
            turn = await root.views().take_turn(self.domain_id)
            made = [await self.put(self.made(number), turn.revision) for number in numbers]
        return made

    async def put(self, node: Node, revision: int) -> Populated:
        """Put one node in place, within a turn."""
        await self.root.views().nodes.add(node, revision)
        admitted = Admitted(self.domain_id, self.project_id, BootstrapTokenKind.NODE, {}, TokenId(mint_id()))
        applicant = Applicant(node.id, node.public_key.octets, node.hostname)
        given = await self.root.credentials().give_node_identity(admitted, applicant)
        return Populated(str(node.id), given.node_token.reveal())

    def made(self, number: int) -> Node:
        """Return a node of its class, not yet in place."""
        return Node(
            domain_id=self.domain_id,
            id=NodeId(UUID(bytes=mint_id().bytes)),
            project_id=self.project_id,
            kind=NodeKind.NODE,
            name=f"node-{number}",
            hostname=Hostname(f"node-{number}"),
            public_key=PublicKey(os.urandom(32)),
            mesh_ip=IPv4Address("10.100.0.0") + 1024 + number,
            endpoint=f"198.18.{number // 250 % 250}.{number % 250}:51820",
            nat_type="none",
            psk_epoch=1,
            metadata={"class": f"c{number // CLASS_SIZE}"},
            facts={},
            version=1,
            reachability=Reachability.HEALTHY,
            created_at=self.root.platform().clock.now(),
            first_offset=0,
        )


def hostname() -> str:
    """Return a hostname that nobody has."""
    return f"fresh-{secrets.token_hex(6)}"
