"""A small shop: what is enrolled, who may talk to whom, and what must hold at every moment."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from plexd.simulate.node import SimulatedNode

ROLES: Final = {"web": 12, "api": 12, "db": 6}
RULES: Final = {"web-to-api": ("web", "api", 8080), "api-to-db": ("api", "db", 5432)}


@dataclass(frozen=True, slots=True)
class Machine:
    """A simulated node and the role its token gave it."""

    role: str
    node: SimulatedNode


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
