"""The mixed operations: whatever operators and nodes may do, each on something that nobody else touches meanwhile."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from tests.crash.journal import ABSENT, Outcome
from tests.crash.town import Town, outcome_of
from tests.support.machines import REGISTER, Machine
from tests.support.raw_http import RawAnswer
from tests.support.robots import TUPLES

ROLES: Final = ("a", "b", "c")
MOST_NODES: Final = 24
MOST_OTHERS: Final = 8
MOST_DEAD: Final = 200
# A revoked credential is dead everywhere after 2 s (design D9).
DEAD_SECONDS: Final = 2.0

T = TypeVar("T")
Deed = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Node:
    """A live node with its credential."""

    id: str
    hostname: str
    token: str = field(repr=False)

    def path(self, route: str) -> str:
        return f"/v1/nodes/{self.id}/{route}"


@dataclass
class Enrolment:
    """Machines that ask with one token; those who have no answer yet ask again."""

    key: str
    role: str
    token: str = field(repr=False)
    machines: list[Machine]
    admitted: Node | None = None


@dataclass(frozen=True)
class Robot:
    """A service identity and a token of it that is good."""

    principal_id: str
    token_id: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class Dead:
    """A credential that was revoked, and when that was acknowledged."""

    token: str = field(repr=False)
    path: str
    since: float = field(default_factory=time.monotonic)


class Deeds:
    """
    Does one thing after another on one town.

    What is taken from a pool is nobody else's until it is put back. Whatever is left in doubt is put back only where
    it can be told again what became of it.
    """

    def __init__(self, town: Town, domain_id: str, project_id: str, seed: int) -> None:
        self.nodes: Final[list[Node]] = []
        self.movers: Final[list[Node]] = []
        self.dead: Final[deque[Dead]] = deque(maxlen=MOST_DEAD)
        self._town: Final = town
        self._journal: Final = town.journal
        self._domain_id: Final = domain_id
        self._project_id: Final = project_id
        self._chance: Final = random.Random(seed)
        self._number = 0
        self._waiting: Final[list[Enrolment]] = []
        self._policies: Final[list[tuple[str, str]]] = []
        self._robots: Final[list[Robot]] = []
        self._ungranted: Final[list[Robot]] = []
        self._grants: Final[list[tuple[str, str]]] = []
        self._domains: Final[list[tuple[str, str]]] = []
        self._projects: Final[list[tuple[str, str]]] = []

    async def run(self) -> None:
        """Do something, again and again, whenever the gate is open."""
        while True:
            async with self._town.deed():
                await self._next()()

    def _next(self) -> Deed:
        full = len(self.nodes) >= MOST_NODES
        choices: list[tuple[int, Deed]] = [
            (1 if full else 8, self._enrol),
            (6 if full else 2, self._remove),
            (6, self._heartbeat),
            (6, self._move),
            (8, self._move_watched),
            (6, self._label),
            (3, self._fetch_state),
            (3, self._add_policy if len(self._policies) < MOST_OTHERS else self._drop_policy),
            (2, self._revoke_machine_token),
            (4, self._make_robot if len(self._robots) < MOST_OTHERS else self._revoke_robot),
            (3, self._grant if len(self._grants) < MOST_OTHERS else self._ungrant),
            (2, self._make_domain if len(self._domains) < MOST_OTHERS else self._drop_domain),
            (2, self._make_project if len(self._projects) < MOST_OTHERS else self._drop_project),
            (3, self._try_the_dead),
        ]
        weights = [weight for weight, _ in choices]
        return self._chance.choices([deed for _, deed in choices], weights)[0]

    async def _enrol(self) -> None:
        enrolment = self._waiting.pop(0) if self._waiting else await self._begun()
        if enrolment is None:
            return
        while enrolment.machines and self._town.is_open:
            await asyncio.gather(*(self._ask_for(enrolment, machine) for machine in list(enrolment.machines)))
        if enrolment.machines:
            self._waiting.append(enrolment)
        elif enrolment.admitted is None:
            self._journal.faults.append(f"the token {enrolment.key} admitted nobody")

    async def _begun(self) -> Enrolment | None:
        role = self._chance.choice(ROLES)
        key, token, _ = await self._issued(role)
        if token is None:
            return None
        machines = [self._machine() for _ in range(self._chance.choice((1, 1, 1, 2)))]
        return Enrolment(key, role, token, machines)

    async def _issued(self, role: str) -> tuple[str, str | None, str]:
        key = self._name("token")
        labels = {"role": role, "deed": key}
        path = f"/v1/projects/{self._project_id}/bootstrap-tokens"
        answer = await self._ask("POST", path, {"labels": labels})
        self._journal.note("machine token", key, "good", outcome_of(answer))
        if answer is None or answer.status != 201:
            return key, None, ""
        return key, str(answer.json()["token"]), str(answer.json()["token_id"])

    async def _ask_for(self, enrolment: Enrolment, machine: Machine) -> None:
        wish = {
            "token": enrolment.token,
            "public_key": machine.public_key,
            "hostname": machine.hostname,
        }
        answer = await self._town.ask(self._chance, "POST", REGISTER, wish, "", (201, 401))
        outcome = outcome_of(answer)
        self._journal.note("node", machine.hostname, "live", outcome)
        if outcome is not Outcome.REFUSED:
            self._journal.note("machine token", enrolment.key, "used", outcome)
        if answer is None:
            return
        enrolment.machines.remove(machine)
        if answer.status != 201:
            return
        if enrolment.admitted is not None:
            self._journal.faults.append(f"the token {enrolment.key} admitted two")
        told = answer.json()
        enrolment.admitted = Node(told["node_id"], machine.hostname, told["node_token"])
        self._journal.know("role", enrolment.admitted.id, enrolment.role)
        self.nodes.append(enrolment.admitted)

    async def _remove(self) -> None:
        node = self._taken(self.nodes)
        if node is None:
            return
        if self._chance.random() < 0.5:
            answer = await self._ask("POST", node.path("deregister"), token=node.token)
        else:
            answer = await self._ask("DELETE", f"/v1/nodes/{node.id}?confirm=true")
        self._journal.note("node", node.hostname, "gone", outcome_of(answer))
        if answer is not None:
            self.dead.append(Dead(node.token, node.path("state")))

    async def _heartbeat(self) -> None:
        node = self._taken(self.nodes)
        if node is not None:
            await self._ask("POST", node.path("heartbeat"), {}, node.token)
            self.nodes.append(node)

    async def _move(self) -> None:
        node = self._taken(self.nodes)
        if node is not None:
            await self._report(node)
            self.nodes.append(node)

    async def _move_watched(self) -> None:
        node = self._taken(self.movers)
        if node is not None:
            await self._report(node)
            await self._ask("POST", node.path("heartbeat"), {}, node.token)
            self.movers.append(node)

    async def _report(self, node: Node) -> None:
        self._number += 1
        endpoint = f"198.51.100.{self._number % 250 + 1}:{self._number % 60_000 + 1}"
        body = {"public_endpoint": endpoint, "nat_type": "none"}
        answer = await self._ask("PUT", node.path("endpoint"), body, node.token)
        self._journal.note("endpoint", node.id, endpoint, outcome_of(answer))

    async def _label(self) -> None:
        node = self._taken(self.nodes)
        if node is None:
            return
        role = self._chance.choice(ROLES)
        path = f"/v1/nodes/{node.id}/metadata/role"
        answer = await self._ask("PUT", path, {"value": role})
        self._journal.note("role", node.id, role, outcome_of(answer))
        self.nodes.append(node)

    async def _fetch_state(self) -> None:
        node = self._taken(self.nodes)
        if node is not None:
            await self._ask("GET", node.path("state"), token=node.token)
            self.nodes.append(node)

    async def _add_policy(self) -> None:
        slug = self._name("p")
        rule = {
            "action": self._chance.choice(("allow", "allow", "deny")),
            "protocol": "any",
            "source_cidr": "0.0.0.0/0",
            "destination_cidr": "0.0.0.0/0",
        }
        source, destination = (f"role={role}" for role in self._chance.choices(ROLES, k=2))
        selector = {"source": source, "destination": destination}
        body = {"slug": slug, "selector": selector, "rules": [rule], "confirm": True}
        answer = await self._ask("POST", f"/v1/projects/{self._project_id}/policies", body)
        self._keep("policy", slug, answer, self._policies)

    async def _drop_policy(self) -> None:
        path = f"/v1/projects/{self._project_id}/policies/{{}}?confirm=true"
        await self._drop("policy", self._policies, path)

    async def _revoke_machine_token(self) -> None:
        key, token, token_id = await self._issued(ROLES[0])
        if token is None:
            return
        answer = await self._ask("DELETE", f"/v1/projects/{self._project_id}/bootstrap-tokens/{token_id}")
        self._journal.note("machine token", key, "revoked", outcome_of(answer))
        if answer is not None:
            machine = self._machine()
            wish = {"token": token, "public_key": machine.public_key, "hostname": machine.hostname}
            await self._town.ask(self._chance, "POST", REGISTER, wish, "", (401,))

    async def _make_robot(self) -> None:
        name = self._name("robot")
        identity = {
            "display_name": name,
            "subject": name,
            "audience": "plexsphere",
            "federation_kind": "api_token",
        }
        made = await self._ask("POST", f"/v1/domains/{self._domain_id}/service-identities", identity)
        self._journal.note("robot", name, "there", outcome_of(made))
        if made is None or made.status != 201:
            return
        principal = str(made.json()["id"])
        terms = {"identity_ref": f"service:{principal}", "env_prefix": "dev"}
        token = await self._ask("POST", "/v1/admin/tokens", terms)
        if token is not None and token.status == 201:
            told = token.json()
            self._journal.note("api token", told["id"], "good", Outcome.DONE)
            robot = Robot(principal, told["id"], told["plaintext"])
            self._robots.append(robot)
            self._ungranted.append(robot)

    async def _revoke_robot(self) -> None:
        robot = self._taken(self._robots)
        if robot is None:
            return
        await self._ask("GET", "/v1/auth/whoami", token=robot.token)
        answer = await self._ask("DELETE", f"/v1/admin/tokens/{robot.token_id}")
        self._journal.note("api token", robot.token_id, "revoked", outcome_of(answer))
        if answer is not None:
            self.dead.append(Dead(robot.token, "/v1/auth/whoami"))

    async def _grant(self) -> None:
        robot = self._taken(self._ungranted)
        if robot is None:
            return
        body = {
            "subject": f"service-identity:{robot.principal_id}",
            "relation": "member",
            "resource": f"project:{self._project_id}",
        }
        answer = await self._ask("POST", f"{TUPLES}?project_id={self._project_id}", body)
        key = f"{robot.principal_id} on {self._project_id}"
        self._journal.note("relation", key, "member", outcome_of(answer))
        if answer is not None and answer.status == 201:
            self._grants.append((key, str(answer.json()["id"])))

    async def _ungrant(self) -> None:
        await self._drop("relation", self._grants, f"{TUPLES}/{{}}")

    async def _make_domain(self) -> None:
        slug = self._name("d")
        answer = await self._ask("POST", "/v1/domains", {"name": slug, "slug": slug})
        self._keep("domain", slug, answer, self._domains)

    async def _drop_domain(self) -> None:
        await self._drop("domain", self._domains, "/v1/domains/{}")

    async def _make_project(self) -> None:
        slug = self._name("s")
        wish = {"domain_id": self._domain_id, "name": slug, "slug": slug}
        answer = await self._ask("POST", "/v1/projects", wish)
        self._keep("project", slug, answer, self._projects)

    async def _drop_project(self) -> None:
        await self._drop("project", self._projects, "/v1/projects/{}")

    async def _try_the_dead(self) -> None:
        settled = [dead for dead in self.dead if time.monotonic() - dead.since > DEAD_SECONDS]
        if settled:
            dead = self._chance.choice(settled)
            await self._ask("GET", dead.path, token=dead.token, expected=(401,))

    def _keep(self, kind: str, key: str, answer: RawAnswer | None, pool: list[tuple[str, str]]) -> None:
        self._journal.note(kind, key, "there", outcome_of(answer))
        if answer is not None and answer.status == 201:
            pool.append((key, str(answer.json()["id"])))

    async def _drop(self, kind: str, pool: list[tuple[str, str]], path: str) -> None:
        taken = self._taken(pool)
        if taken is not None:
            key, row_id = taken
            self._journal.note(kind, key, ABSENT, outcome_of(await self._ask("DELETE", path.format(row_id))))

    async def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        token: str | None = None,
        expected: tuple[int, ...] = (200, 201, 204),
    ) -> RawAnswer | None:
        return await self._town.ask(self._chance, method, path, body, token, expected)

    def _taken(self, pool: list[T]) -> T | None:
        return pool.pop(self._chance.randrange(len(pool))) if pool else None

    def _machine(self) -> Machine:
        return Machine(hostname=self._name("m"))

    def _name(self, kind: str) -> str:
        self._number += 1
        return f"{kind}-{self._number}"
