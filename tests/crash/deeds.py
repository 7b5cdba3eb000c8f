"""The mixed operations: whatever operators and nodes may do, each on something that nobody else touches meanwhile."""

import random
from collections.abc import Sequence
from typing import Final

from tests.crash.hands import Hands
from tests.crash.node_deeds import Node, NodeDeeds, TheDead
from tests.crash.operator_deeds import OperatorDeeds
from tests.crash.town import Town


class Deeds:
    """Does one thing after another on one town; any number may run it at once."""

    def __init__(
        self, town: Town, domain_id: str, project_id: str, watched: Sequence[Node], seed: int
    ) -> None:
        self._town: Final = town
        self._chance: Final = random.Random(seed)
        hands = Hands(town, domain_id, project_id, self._chance)
        dead = TheDead(hands)
        self._nodes: Final = NodeDeeds(hands, dead, list(watched))
        self._operators: Final = OperatorDeeds(hands, dead)

    async def rest(self) -> None:
        """Clear up, while nobody runs, what went unanswered, else a long run leaves more behind."""
        await self._nodes.remove_again()
        await self._operators.find_again()

    async def run(self) -> None:
        """Do something, again and again, whenever the gate is open."""
        while True:
            async with self._town.deed():
                choices = [choice for deeds in (self._nodes, self._operators) for choice in deeds.choices()]
                weights = [weight for weight, _ in choices]
                await self._chance.choices([deed for _, deed in choices], weights)[0]()
