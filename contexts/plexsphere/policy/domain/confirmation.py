"""The guard before a change that would darken a Domain (design D34)."""

from typing import Final

from plexsphere.policy.domain.difference import Difference
from plexsphere.policy.domain.errors import ConfirmationRequired

FEWEST_PAIRS_LOST: Final = 100


def takes_most_away(difference: Difference) -> bool:
    """Tell whether more than half of the Domain's visible pairs, and at least 100, vanish."""
    lost = difference.pairs_lost
    return lost >= FEWEST_PAIRS_LOST and 2 * lost > difference.pairs_before


def require_confirmed(difference: Difference, *, confirmed: bool) -> None:
    """
    Let the change of a policy pass if it takes little away or was confirmed.

    Raises:
        ConfirmationRequired: neither is so.
    """
    if takes_most_away(difference) and not confirmed:
        raise ConfirmationRequired(difference.pairs_lost, difference.pairs_before)
