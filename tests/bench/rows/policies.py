"""One changed rule in a large Domain, beside working everything out anew."""

import gc
from collections.abc import Callable
from time import process_time
from typing import Final, TypeVar

from plexsphere.policy.domain.changes import PutPolicy
from plexsphere.policy.domain.index import VisibilityIndex
from tests.bench.figure import Bar, Figure, Spent, middle
from tests.bench.site import Bench
from tests.unit.policy.crowds import (
    NODES,
    PAIRS,
    POLICIES,
    RULES,
    a_crowd,
    a_rule_of_a_thousand_pairs,
    the_ends,
)

T = TypeVar("T")

ROUNDS: Final = 20
BAR: Final = Bar(100.0)
NAME: Final = f"one changed rule of {PAIRS:,} pairs, {NODES:,} nodes, {POLICIES * RULES:,} rules, CPU"
ANEW: Final = "the index of that Domain, built anew"


async def measure(_: Bench) -> list[Figure]:
    """
    Return the CPU of previewing a change, taking it over and compiling the rules of all whom it concerns.

    All of it happens in memory, so nothing is served, and nothing is asked of PostgreSQL.
    """
    anew, index = _timed(a_crowd)
    index.put_policy(a_rule_of_a_thousand_pairs(1))
    spent = [_changed(index, 2 + number) for number in range(ROUNDS)]
    value = middle(spent)
    beside = f"tests of {POLICIES} policies judged with it; longest of {ROUNDS} changes: {max(spent):.1f} ms"
    return [Figure("policy_change", NAME, value, "ms", BAR, anew, ANEW, Spent(value, 0.0), beside)]


def _changed(index: VisibilityIndex, revision: int) -> float:
    policy = a_rule_of_a_thousand_pairs(revision)

    def change() -> None:
        index.preview(PutPolicy(policy))
        index.put_policy(policy)
        index.pairs()
        for node_id in the_ends():
            index.compiled(node_id)

    return _timed(change)[0]


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    """Return the CPU milliseconds of some work, and what came of it."""
    gc.collect()
    started = process_time()
    found = work()
    return (process_time() - started) * 1000, found
