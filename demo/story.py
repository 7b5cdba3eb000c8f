"""The acts of the demonstration. Each ends with a promise that is checked; the first that fails ends it."""

import asyncio
import time
from typing import Final

from demo.control_plane import Operator
from demo.rollout import Rollout
from demo.shop import ROLES, RULES, Machine, Work, breaches, capabilities, pairs
from demo.telling import SETTLE_SECONDS, PromiseBroken, progress, say, settled, until
from plexd.protocol.client.control_plane import ControlPlane
from plexd.simulate.node import SimulatedNode
from plexd.simulate.pace import Pace

REMOVAL_SECONDS: Final = 1.0
PACE: Final = Pace(heartbeat=1, reconcile=60, endpoint=2)
HEARTBEAT_INTERVAL: Final = "2s"


class Story:
    """One run: the operator, the machines, and what was said."""

    def __init__(self, operator: Operator, agents: ControlPlane) -> None:
        self._operator = operator
        self._agents = agents
        self._project = ""
        self._rules = dict(RULES)
        self.machines: list[Machine] = []

    async def play(self) -> None:
        """
        Play every act.

        Raises:
            PromiseBroken: with the promise.
        """
        await self._open_the_shop()
        await self._enrol()
        await self._hear_of_endpoints()
        await self._remove_one()
        await self._forbid()
        rollout = Rollout(self._operator, self._project, self.machines)
        await rollout.in_waves()
        await rollout.of_a_drifted_hook()

    async def close(self) -> None:
        """Let the machines vanish."""
        await asyncio.gather(*(machine.node.stop() for machine in self.machines))

    async def _open_the_shop(self) -> None:
        domain = (await self._operator.get("/v1/domains"))["items"][0]
        project = await self._operator.post(
            "/v1/projects", {"domain_id": domain["id"], "name": "Shop", "slug": "shop"}
        )
        self._project = project["id"]
        # So that a machine which falls silent is noticed while somebody watches.
        await self._operator.patch(
            f"/v1/domains/{domain['id']}", {"reachability": {"heartbeat_interval": HEARTBEAT_INTERVAL}}
        )
        for slug, (source, destination, port) in RULES.items():
            await self._operator.post(
                f"/v1/projects/{self._project}/policies", _policy(slug, source, destination, port)
            )
        say(
            f"Project 'shop' in Domain '{domain['slug']}', with the rules {', '.join(RULES)}; all else is denied."
        )

    async def _enrol(self) -> None:
        total = sum(ROLES.values())
        say(f"{total} machines enrol, each with a one-time token:")
        for role, count in ROLES.items():
            for number, token in enumerate(
                await self._operator.tokens(self._project, {"role": role}, count), 1
            ):
                await self._start(role, f"{role}-{number:02d}", token)
                progress(f"  {len(self.machines)} of {total}: {role}-{number:02d}")
        settled()
        await self._until_whole("after the enrolment")
        say(f"  all {pairs(self.machines, self._rules)} permitted pairs hold the same key on both ends.")
        say(f"  web sees no db, and nobody sees its own kind: {total} machines, no other pair has a key.")

    async def _start(self, role: str, hostname: str, token: str) -> None:
        number, work = len(self.machines) + 1, Work(hostname)
        node = SimulatedNode(
            self._agents,
            token,
            hostname,
            endpoint=f"198.18.0.{number}:51820",
            metadata={"os": "linux"},
            capabilities=capabilities(),
            pace=PACE,
            perform=work,
        )
        await node.enrol()
        node.run()
        self.machines.append(Machine(role, node, work))

    async def _hear_of_endpoints(self) -> None:
        say("Every machine reports where it is reached; its peers hear of it by signed events:")
        await until("every peer's endpoint is known", self._know_endpoints)
        counters = [machine.node.counters for machine in self.machines]
        verified, bad = sum(each.verified for each in counters), sum(each.suspicious() for each in counters)
        disordered = sum(each.disordered for each in counters)
        if bad or disordered:
            raise PromiseBroken(f"{bad} events were rejected and {disordered} came out of order")
        say(f"  {verified} events verified, 0 rejected, 0 out of order.")

    async def _remove_one(self) -> None:
        gone = next(machine for machine in self.machines if machine.role == "api")
        others = [machine for machine in self.machines if machine is not gone]
        seen_by = [machine for machine in others if machine.node.psk(gone.node.node_id)]
        before = {machine.node.node_id: _keys(machine) for machine in seen_by}
        say(f"An operator removes {gone.node.hostname}, which {len(seen_by)} machines see:")
        started = time.monotonic()
        await self._operator.delete(f"/v1/nodes/{gone.node.node_id}")
        async with asyncio.timeout(SETTLE_SECONDS):
            await asyncio.gather(*(machine.node.until_misses(gone.node.node_id) for machine in seen_by))
        took = time.monotonic() - started
        if took > REMOVAL_SECONDS:
            raise PromiseBroken(
                f"{gone.node.hostname} was gone from its peers' lists after {took:.2f} s only"
            )
        await gone.node.stop()
        self.machines = others
        say(f"  gone from all {len(seen_by)} lists after {took * 1000:.0f} ms.")
        await until("all keys of its former peers are fresh", lambda: _all_fresh(seen_by, before))
        await self._until_whole("after the removal")
        say("  every pair its former peers keep has a fresh key, the same on both ends.")

    async def _forbid(self) -> None:
        path = f"/v1/projects/{self._project}/policies"
        [policy] = [each for each in (await self._operator.get(path))["items"] if each["slug"] == "api-to-db"]
        say("An operator deletes the rule api-to-db:")
        await self._operator.delete(f"{path}/{policy['id']}?confirm=true")
        del self._rules["api-to-db"]
        await self._until_whole("after the rule was deleted")
        say(f"  db is alone; {pairs(self.machines, self._rules)} pairs of web and api are untouched.")

    async def _until_whole(self, when: str) -> None:
        claim = f"exactly the permitted pairs hold one key {when}"
        await until(claim, lambda: not self._breach(), self._breach)

    def _breach(self) -> str:
        return next(breaches(self.machines, self._rules), "")

    def _know_endpoints(self) -> bool:
        peers = [peer for machine in self.machines for peer in machine.node.peers.values()]
        return bool(peers) and all(peer.endpoint for peer in peers)


def _policy(slug: str, source: str, destination: str, port: int) -> dict[str, object]:
    rule = {
        "action": "allow",
        "protocol": "tcp",
        "source_cidr": "0.0.0.0/0",
        "destination_cidr": "0.0.0.0/0",
        "ports": {"from": port, "to": port},
    }
    selector = {"source": f"role={source}", "destination": f"role={destination}"}
    return {"slug": slug, "selector": selector, "rules": [rule]}


def _keys(machine: Machine) -> dict[str, object]:
    return {peer: machine.node.psk(peer) for peer in machine.node.peers}


def _all_fresh(machines: list[Machine], before: dict[str, dict[str, object]]) -> bool:
    return all(
        key != before[machine.node.node_id].get(peer)
        for machine in machines
        for peer, key in _keys(machine).items()
    )
