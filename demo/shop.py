"""A small shop: what is enrolled, who may talk to whom, and what must hold at every moment."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

from plexd.protocol.messages.capabilities import (
    ActionCapability,
    BinaryInfo,
    Capabilities,
    HookCapability,
    ParameterDef,
)
from plexd.protocol.messages.executions import ActionRequest
from plexd.simulate.executions import Outcome
from plexd.simulate.node import SimulatedNode

ROLES: Final = {"web": 12, "api": 12, "db": 6}
RULES: Final = {"web-to-api": ("web", "api", 8080), "api-to-db": ("api", "db", 5432)}


COLLECT: Final = "diagnostics.collect"
RESTART: Final = "restart-app"
SHIPPED: Final = "sha256:" + "5" * 64


@dataclass(slots=True)
class Work:
    """What a machine was asked to run, in the order in which it ran it."""

    hostname: str
    done: list[str] = field(default_factory=list)

    def __call__(self, request: ActionRequest) -> Outcome:
        """Run an action, as far as a simulated machine can."""
        self.done.append(request.action)
        return Outcome(stdout=f"{request.action} on {self.hostname}\n")


@dataclass(frozen=True, slots=True)
class Machine:
    """A simulated node, the role its token gave it, and what it ran."""

    role: str
    node: SimulatedNode
    work: Work


def capabilities(restart_digest: str = SHIPPED) -> Capabilities:
    """Return what every machine can do; the hook's digest is what is found on its disk."""
    networks = ParameterDef("include_network", "bool", default="true")
    return Capabilities(
        binary=BinaryInfo("1.4.2", "sha256:" + "0" * 64),
        builtin_actions=(ActionCapability(COLLECT, "Collect system diagnostics", (networks,)),),
        hooks=(HookCapability(RESTART, "script", restart_digest, "Restart the shop", timeout="60s"),),
    )


def may_see(one: str, other: str, rules: dict[str, tuple[str, str, int]]) -> bool:
    """Tell whether a rule lets two roles talk, in either direction."""
    return any({one, other} == {source, destination} for source, destination, _ in rules.values())


def breaches(machines: list[Machine], rules: dict[str, tuple[str, str, int]]) -> Iterator[str]:
    """Yield what is not as promised: a permitted pair without one common key, or a sight that no rule gives."""
    for one, other in combinations(machines, 2):
        here, there = one.node.psk(other.node.node_id), other.node.psk(one.node.node_id)
        if not may_see(one.role, other.role, rules):
            if here is not None or there is not None:
                yield f"{one.node.hostname} and {other.node.hostname} see each other, but no rule lets them"
        elif here is None or here != there:
            yield f"{one.node.hostname} and {other.node.hostname} do not hold the same key"


def pairs(machines: list[Machine], rules: dict[str, tuple[str, str, int]]) -> int:
    """Return how many pairs are permitted."""
    return sum(may_see(one.role, other.role, rules) for one, other in combinations(machines, 2))
