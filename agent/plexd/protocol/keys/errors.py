"""What can be wrong with a key."""


class BadKeyError(ValueError):
    """Not the standard base64 of a key of the right length."""


class UndecipherableError(ValueError):
    """A sealed secret that this node's secret key does not open."""
