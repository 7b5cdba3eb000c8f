"""The guard against a disruption that looks like a mass departure (design D27)."""

from dataclasses import dataclass
from typing import Final

FEWEST: Final = 10
MOST_PERCENT: Final = 30


@dataclass(frozen=True, slots=True)
class Census:
    """
    The nodes of a Domain that count for the guard.

    `present` ever reported and were not taken away, the others are among them: `leaving` are unreachable now or
    within one interval unless they are heard of, `withheld` are unreachable and kept from being taken away.
    `is_let_pass` while a confirmation lasts.
    """

    present: int
    leaving: int
    withheld: int
    is_let_pass: bool = False

    @property
    def is_guarded(self) -> bool:
        """
        Tell whether nobody is taken away now.

        Once it holds, the guard holds until every withheld node is back or its departure was confirmed.
        """
        return not self.is_let_pass and (self.withheld > 0 or self._would_disrupt)

    @property
    def _would_disrupt(self) -> bool:
        return self.leaving >= FEWEST and self.leaving * 100 > self.present * MOST_PERCENT
