"""What became of connections and requests before anybody was asked to answer them, as plain numbers."""

from dataclasses import dataclass


@dataclass(slots=True)
class Traffic:
    """
    Numbers that only grow, but for `connections_open` and `lookups_in_hand`; whoever publishes metrics reads them.

    `cut_*` count connections that were ended because a client kept us waiting, by what it owed us.
    """

    connections_open: int = 0
    connections_refused: int = 0
    accept_pauses: int = 0
    cut_in_head: int = 0
    cut_in_body: int = 0
    cut_in_silence: int = 0
    lookups_in_hand: int = 0
    rate_limited: int = 0
    shed_operator: int = 0
    shed_state: int = 0
    shed_stream: int = 0
