"""What an event asks of the node beyond what it knows."""

import enum


class Demand(enum.Enum):
    """The one further step an event calls for."""

    NOTHING = "nothing"
    RECONCILE = "reconcile"
    ROTATE_KEYS = "rotate_keys"
    EXECUTE = "execute"
    CANCEL = "cancel"
