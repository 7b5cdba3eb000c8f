"""What machines and nodes do, and operators do to them."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from tests.crash.hands import Deed, Hands
from tests.crash.journal import Outcome
from tests.crash.town import outcome_of
from tests.support.machines import REGISTER, Machine
from tests.support.raw_http import RawAnswer

ROLES: Final = ("a", "b", "c")
MOST_NODES: Final = 24
MOST_ON_A_PAGE: Final = 200
MOST_DEAD: Final = 200
# A revoked credential is dead everywhere after 2 s (design D9).
DEAD_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Node:
    """A live node with its credential."""

    id: str
    hostname: str
    token: str = field(repr=False)

    def path(self, route: str) -> str:
        return f"/v1/nodes/{self.id}/{route}"


@dataclass(frozen=True)
class MachineToken:
    """A bootstrap token, known to the journal by its key."""

    key: str
    id: str
    text: str = field(repr=False)


@dataclass
class Enrolment:
    """Machines that ask with one token; those who have no answer yet ask again."""

    token: MachineToken
    role: str
    machines: list[Machine]
    admitted: Node | None = None


class TheDead:
    """Credentials whose revocation was acknowledged: none ever works again."""

    def __init__(self, hands: Hands) -> None:
        self._hands: Final = hands
        self._kept: Final[deque[tuple[str, str, float]]] = deque(maxlen=MOST_DEAD)

    def bury(self, token: str, path: str) -> None:
        """Keep a credential that is dead from now on, and a path that it used to open."""
        self._kept.append((token, path, time.monotonic()))

    async def try_one(self) -> None:
        """Try one that has been dead for long enough."""
        settled = [each for each in self._kept if time.monotonic() - each[2] > DEAD_SECONDS]
        if settled:
            token, path, _ = self._hands.chance.choice(settled)
            await self._hands.ask("GET", path, token=token, expected=(401,))


class NodeDeeds:
    """Enrolments that are repeated until they are answered, and whatever a node or its operator may do afterwards."""

    def __init__(self, hands: Hands, dead: TheDead, watched: list[Node]) -> None:
        self._hands: Final = hands
        self._journal: Final = hands.journal
        self._dead: Final = dead
        self._watched: Final = watched
        self._nodes: Final[list[Node]] = []
        self._waiting: Final[list[Enrolment]] = []
        self._leaving: Final[list[Node]] = []

    async def remove_again(self) -> None:
        """Remove the nodes whose removal was never answered; to be called at rest."""
        there = await self._hands.ask("GET", f"/v1/nodes?limit={MOST_ON_A_PAGE}") if self._leaving else None
        if there is None:
            return
        live = {each["id"] for each in there.json()["items"]}
        for node in list(self._leaving):
            is_gone = node.id not in live
            if is_gone or await self._hands.ask("DELETE", f"/v1/nodes/{node.id}?confirm=true") is not None:
                self._leaving.remove(node)
                self._journal.note("node", node.hostname, "gone", Outcome.DONE)

    def choices(self) -> list[tuple[int, Deed]]:
        """Return what may be done now, each with its weight."""
        is_full = len(self._nodes) >= MOST_NODES
        return [
            (1 if is_full else 8, self._enrol),
            (6 if is_full else 2, self._remove),
            (6, self._heartbeat),
            (6, self._move),
            (8, self._move_watched),
            (6, self._label),
            (3, self._fetch_state),
            (2, self._revoke_token),
        ]

    async def _enrol(self) -> None:
        enrolment = self._waiting.pop(0) if self._waiting else await self._begun()
        if enrolment is None:
            return
        while enrolment.machines and self._hands.town.is_open:
            await asyncio.gather(*(self._ask_for(enrolment, machine) for machine in list(enrolment.machines)))
        if enrolment.machines:
            self._waiting.append(enrolment)
        elif enrolment.admitted is None:
            self._journal.faults.append(f"the token {enrolment.token.key} admitted nobody")

    async def _begun(self) -> Enrolment | None:
        role = self._hands.chance.choice(ROLES)
        token = await self._issued(role)
        if token is None:
            return None
        return Enrolment(
            token, role, [self._machine() for _ in range(self._hands.chance.choice((1, 1, 1, 2)))]
        )

    async def _issued(self, role: str) -> MachineToken | None:
        key = self._hands.name("token")
        labels = {"role": role, "deed": key}
        answer = await self._hands.ask("POST", f"{self._hands.project}/bootstrap-tokens", {"labels": labels})
        self._journal.note("machine token", key, "good", outcome_of(answer))
        if answer is None:
            return None
        told = answer.json()
        return MachineToken(key, told["token_id"], told["token"])

    async def _ask_for(self, enrolment: Enrolment, machine: Machine) -> None:
        answer = await self._register(enrolment.token, machine, (201, 401))
        outcome = outcome_of(answer)
        self._journal.note("node", machine.hostname, "live", outcome)
        self._journal.note("machine token", enrolment.token.key, "used", outcome)
        if answer is None:
            return
        enrolment.machines.remove(machine)
        if outcome is Outcome.DONE:
            self._admit(enrolment, machine, answer)

    def _admit(self, enrolment: Enrolment, machine: Machine, answer: RawAnswer) -> None:
        if enrolment.admitted is not None:
            self._journal.faults.append(f"the token {enrolment.token.key} admitted two")
        told = answer.json()
        enrolment.admitted = Node(told["node_id"], machine.hostname, told["node_token"])
        self._journal.know("role", enrolment.admitted.id, enrolment.role)
        self._nodes.append(enrolment.admitted)

    async def _register(
        self, token: MachineToken, machine: Machine, expected: tuple[int, ...]
    ) -> RawAnswer | None:
        wish = {"token": token.text, "public_key": machine.public_key, "hostname": machine.hostname}
        return await self._hands.ask("POST", REGISTER, wish, "", expected)

    async def _remove(self) -> None:
        node = self._hands.taken(self._nodes)
        if node is None:
            return
        if self._hands.chance.random() < 0.5:
            answer = await self._hands.ask("POST", node.path("deregister"), token=node.token)
        else:
            answer = await self._hands.ask("DELETE", f"/v1/nodes/{node.id}?confirm=true")
        self._journal.note("node", node.hostname, "gone", outcome_of(answer))
        if answer is None:
            self._leaving.append(node)
        else:
            self._dead.bury(node.token, node.path("state"))

    async def _heartbeat(self) -> None:
        node = self._hands.taken(self._nodes)
        if node is not None:
            await self._live(node)
            self._nodes.append(node)

    async def _live(self, node: Node) -> None:
        await self._hands.ask("POST", node.path("heartbeat"), {}, node.token)

    async def _move(self) -> None:
        node = self._hands.taken(self._nodes)
        if node is not None:
            await self._report(node)
            self._nodes.append(node)

    async def _move_watched(self) -> None:
        node = self._hands.taken(self._watched)
        if node is not None:
            await self._report(node)
            await self._live(node)
            self._watched.append(node)

    async def _report(self, node: Node) -> None:
        number = next(self._hands.numbers)
        endpoint = f"198.51.100.{number % 250 + 1}:{number % 60_000 + 1}"
        body = {"public_endpoint": endpoint, "nat_type": "none"}
        answer = await self._hands.ask("PUT", node.path("endpoint"), body, node.token)
        self._journal.note("endpoint", node.id, endpoint, outcome_of(answer))

    async def _label(self) -> None:
        node = self._hands.taken(self._nodes)
        if node is None:
            return
        role = self._hands.chance.choice(ROLES)
        answer = await self._hands.ask("PUT", node.path("metadata/role"), {"value": role})
        self._journal.note("role", node.id, role, outcome_of(answer))
        self._nodes.append(node)

    async def _fetch_state(self) -> None:
        node = self._hands.taken(self._nodes)
        if node is not None:
            await self._hands.ask("GET", node.path("state"), token=node.token)
            self._nodes.append(node)

    async def _revoke_token(self) -> None:
        token = await self._issued(ROLES[0])
        if token is None:
            return
        answer = await self._hands.ask("DELETE", f"{self._hands.project}/bootstrap-tokens/{token.id}")
        self._journal.note("machine token", token.key, "revoked", outcome_of(answer))
        if answer is not None:
            await self._register(token, self._machine(), (401,))

    def _machine(self) -> Machine:
        return Machine(hostname=self._hands.name("m"))
