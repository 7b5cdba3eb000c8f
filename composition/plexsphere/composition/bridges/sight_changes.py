"""From policy's words for a change of who sees whom to fleet's."""

import asyncio
from typing import Final

from plexsphere.fleet.domain.sight_change import MOST_EVENTS, PeerChange, SightChange
from plexsphere.policy.domain.difference import Difference, RecipientChange

# So many recipients are taken over in less than 2 ms.
AT_ONCE: Final = 500


def sight_change(difference: Difference) -> SightChange:
    """Return the change at once."""
    return _change(difference, [_peer_change(each) for each in difference.by_recipient(MOST_EVENTS)])


async def paced_sight_change(difference: Difference) -> SightChange:
    """Return the change without holding up the other tasks of the process."""
    changes: list[PeerChange] = []
    for each in difference.by_recipient(MOST_EVENTS):
        changes.append(_peer_change(each))
        if len(changes) % AT_ONCE == 0:
            await asyncio.sleep(0)
    return _change(difference, changes)


def _change(difference: Difference, changes: list[PeerChange]) -> SightChange:
    return SightChange(tuple(changes), difference.recompiled, difference.pairs_before, difference.pairs_lost)


def _peer_change(change: RecipientChange) -> PeerChange:
    return PeerChange(change.node_id, change.gained, change.lost, change.is_too_long)
