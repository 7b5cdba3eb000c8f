"""A 304 is never wrong (design D25): tags, bodies and offsets of two servers while everything changes."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from plexsphere.platform.kernel.secret import Secret
from tests.support.robots import made
from tests.support.state_world import NEWEST, Machine, Polled, StateWorld, state_world

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

EXAMPLES = 20
STEPS = 25
MOST_MACHINES = 6
MOST_POLICIES = 4
SERVERS = st.integers(0, 1)
INDEX = st.integers(0, 10_000)
SELECTORS = st.sampled_from(["*", "role=web", "role=db", "!role", "role in (web,db)", "role,tier=1"])
LABELS = st.fixed_dictionaries(
    {}, optional={"role": st.sampled_from(["web", "db"]), "tier": st.sampled_from(["1", "2"])}
)
ANYWHERE = "0.0.0.0/0"
EVERYTHING = {
    "action": "allow",
    "protocol": "any",
    "source_cidr": ANYWHERE,
    "destination_cidr": ANYWHERE,
}
RULES = st.sampled_from(
    [
        EVERYTHING,
        {"action": "deny", "protocol": "any", "source_cidr": ANYWHERE, "destination_cidr": ANYWHERE},
        {"action": "log", "protocol": "icmp", "source_cidr": ANYWHERE, "destination_cidr": ANYWHERE},
        {
            "action": "allow",
            "protocol": "tcp",
            "source_cidr": ANYWHERE,
            "destination_cidr": "10.100.0.0/30",
            "ports": {"from": 80, "to": 443},
        },
        {
            "action": "deny",
            "protocol": "tcp",
            "source_cidr": "10.100.0.2/31",
            "destination_cidr": ANYWHERE,
            "ports": {"from": 1, "to": 65535},
        },
    ]
)
GONE = {401, 404}
RUN = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    # What races does not race twice alike: a failure is told as it was found.
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Polling(RuleBasedStateMachine):
    """One Domain, changed and polled at random through two servers; `world` is set for the run."""

    world: StateWorld

    def __init__(self) -> None:
        super().__init__()
        self.machines: list[Machine] = []
        self.policies: list[str] = []
        self.bodies: dict[str, bytes] = {}
        self.known: dict[tuple[str, int], str] = {}
        self.newest = 0
        self.made = 0

    @initialize(is_open=st.booleans(), labels=st.lists(LABELS, min_size=2, max_size=4))
    def begin(self, is_open: bool, labels: list[dict[str, str]]) -> None:
        self.domain_id = self.world.call(self.world.domain())
        self.projects = [
            self.world.call(self.world.project(self.domain_id, slug)) for slug in ("one", "other")
        ]
        if is_open:
            self.create_policy(0, 0, "*", "*", EVERYTHING, races=False)
        for at, each in enumerate(labels):
            self.enrol(at % 2, 0, each, races=False)

    @precondition(lambda self: len(self.machines) < MOST_MACHINES)
    @rule(at=SERVERS, project=st.sampled_from([0, 0, 0, 1]), labels=LABELS, races=st.booleans())
    def enrol(self, at: int, project: int, labels: dict[str, str], races: bool) -> None:
        enrolling = self.world.enrol(at, self.projects[project], labels)
        self.machines.append(self._change(at, enrolling, races))

    @precondition(lambda self: self.machines)
    @rule(at=SERVERS, which=INDEX, itself=st.booleans(), races=st.booleans())
    def remove(self, at: int, which: int, itself: bool, races: bool) -> None:
        machine = self.machines.pop(which % len(self.machines))
        client = self.world.clients[at]
        if itself:
            call = client.post(machine.path("deregister"), headers=machine.headers)
        else:
            call = client.delete(f"/v1/nodes/{machine.node_id}", params={"confirm": "true"})
        self._change(at, succeed(call), races)

    @precondition(lambda self: len(self.policies) < MOST_POLICIES)
    @rule(
        at=SERVERS,
        project=st.sampled_from([0, 0, 1]),
        source=SELECTORS,
        destination=SELECTORS,
        rule_text=RULES,
        races=st.booleans(),
    )
    def create_policy(
        self, at: int, project: int, source: str, destination: str, rule_text: dict[str, Any], races: bool
    ) -> None:
        self._change(at, self._create_policy(at, project, source, destination, rule_text), races)

    @precondition(lambda self: self.policies)
    @rule(at=SERVERS, which=INDEX, races=st.booleans())
    def delete_policy(self, at: int, which: int, races: bool) -> None:
        path = self.policies.pop(which % len(self.policies))
        self._change(at, succeed(self.world.clients[at].delete(path, params={"confirm": "true"})), races)

    @precondition(lambda self: self.machines)
    @rule(
        at=SERVERS,
        which=INDEX,
        key=st.sampled_from(["role", "tier"]),
        value=st.sampled_from(["web", "db", "1", None]),
        races=st.booleans(),
    )
    def label(self, at: int, which: int, key: str, value: str | None, races: bool) -> None:
        path = f"/v1/nodes/{self._machine(which).node_id}"
        body = {"metadata": {key: value}}
        self._change(at, succeed(self.world.clients[at].patch(path, json=body)), races)

    @precondition(lambda self: self.machines)
    @rule(at=SERVERS, which=INDEX, races=st.booleans())
    def rename(self, at: int, which: int, races: bool) -> None:
        self.made += 1
        self._change(at, self.world.rename(at, self._machine(which), f"n-{self.made}"), races)

    @precondition(lambda self: self.machines)
    @rule(at=SERVERS, which=INDEX, port=st.integers(1, 3), races=st.booleans())
    def move(self, at: int, which: int, port: int, races: bool) -> None:
        machine = self._machine(which)
        body = {"public_endpoint": f"203.0.113.10:{port}", "nat_type": "none"}
        call = self.world.clients[at].put(machine.path("endpoint"), json=body, headers=machine.headers)
        self._change(at, succeed(call), races)

    @precondition(lambda self: self.machines)
    @rule(at=SERVERS, which=INDEX, races=st.booleans())
    def beat(self, at: int, which: int, races: bool) -> None:
        self._change(at, self._beat(at, self._machine(which)), races)

    @precondition(lambda self: self.machines)
    @rule(at=SERVERS, which=INDEX)
    def poll(self, at: int, which: int) -> None:
        self.world.call(self._poll(at, self._machine(which)))

    @precondition(lambda self: self.machines)
    @rule(at=SERVERS, which=INDEX)
    def poll_with_the_newest_offset_seen(self, at: int, which: int) -> None:
        shown = self.newest

        polled = self.world.call(self._poll(at, self._machine(which), shown))

        assert polled.version >= shown

    @precondition(lambda self: self.machines)
    @rule(at=SERVERS, which=INDEX)
    def poll_knowing_of_something_newer(self, at: int, which: int) -> None:
        """Whatever has an offset is in the answer, whether this server has followed so far or not."""
        machine = self._machine(which)
        self.world.call(self.world.number(self.domain_id))

        polled = self.world.call(self._poll(at, machine, NEWEST))

        truth = self.world.call(self.world.truth(self.domain_id, machine))
        assert polled.tag == truth.tag
        assert self.bodies[polled.tag].decode() == truth.body

    @precondition(lambda self: self.machines)
    @rule()
    def compare_at_rest(self) -> None:
        self.world.call(self._compare_at_rest())

    def teardown(self) -> None:
        if self.machines:
            self.world.call(self._compare_at_rest())

    async def _compare_at_rest(self) -> None:
        await self.world.settle(self.domain_id)
        for machine in self.machines:
            truth = await self.world.truth(self.domain_id, machine)
            for at in range(len(self.world.clients)):
                conditional = await self._poll(at, machine)
                whole = await self.world.poll(at, machine)
                self._learn(whole)
                assert conditional.tag == whole.tag == truth.tag
                assert whole.body.decode() == truth.body
                if conditional.status == 304:
                    assert self.bodies[conditional.tag] == whole.body

    async def _create_policy(
        self, at: int, project: int, source: str, destination: str, rule_text: dict[str, Any]
    ) -> None:
        self.made += 1
        path = f"/v1/projects/{self.projects[project]}/policies"
        selector = {"source": source, "destination": destination}
        body = {"slug": f"p-{self.made}", "selector": selector, "rules": [rule_text], "confirm": True}
        self.policies.append(f"{path}/{(await made(self.world.clients[at], path, body))['id']}")

    async def _beat(self, at: int, machine: Machine) -> None:
        call = self.world.clients[at].post(machine.path("heartbeat"), json={}, headers=machine.headers)
        await succeed(call)
        await self.world.servers[at].root.fleet().book.flush()

    def _change(self, at: int, change: Coroutine[Any, Any, Any], races: bool) -> Any:
        return self.world.call(self._racing(change) if races else change)

    async def _racing(self, change: Awaitable[Any]) -> Any:
        polls = [self._poll_on(at, machine) for machine in self.machines for at in (0, 1)]
        changed, *_ = await asyncio.gather(change, *polls)
        return changed

    async def _poll_on(self, at: int, machine: Machine) -> None:
        for _ in range(3):
            await self._poll(at, machine)

    async def _poll(self, at: int, machine: Machine, shown: int = 0) -> Polled:
        """Poll as an agent does that talks to one server and now and then to another."""
        known = self.known.get((machine.node_id, at), "")
        polled = await self.world.poll(at, machine, known, shown)
        if polled.status == 304:
            assert polled.tag == known
        else:
            self._learn(polled)
            self.known[machine.node_id, at] = polled.tag
        return polled

    def _learn(self, polled: Polled) -> None:
        assert polled.status == 200 or polled.status in GONE
        self.newest = max(self.newest, polled.version)
        if polled.status == 200:
            assert self.bodies.setdefault(polled.tag, polled.body) == polled.body

    def _machine(self, which: int) -> Machine:
        return self.machines[which % len(self.machines)]


async def succeed(call: Awaitable[httpx.Response]) -> None:
    answer = await call
    assert answer.is_success, answer.text


async def test_equal_tags_are_equal_states_whatever_changes_and_whichever_server_is_asked(
    database: Secret[str],
) -> None:
    async with state_world(database) as world:

        class PollingHere(Polling):
            pass

        PollingHere.world = world
        await asyncio.to_thread(run_state_machine_as_test, PollingHere, settings=RUN)
