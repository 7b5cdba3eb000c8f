"""Everything that can go wrong between a node and its control plane; a closed set."""


class ControlPlaneError(Exception):
    """The base of the set; catching it means "the call did not do what it says"."""


class Unreachable(ControlPlaneError):
    """No complete answer came: no connection, a broken one, or none in time."""


class Unreadable(ControlPlaneError):
    """A success came whose body is too long or not what the protocol says."""


class BrokenStream(ControlPlaneError):
    """The event stream broke its own framing bounds and was given up."""


class Refused(ControlPlaneError):
    """
    The control plane answered with something other than success.

    `status` is the HTTP status; `code`, `detail` and `correlation_id` come from the problem body, empty where the
    answer had none.
    """

    def __init__(self, status: int, code: str = "", detail: str = "", correlation_id: str = "") -> None:
        super().__init__(status, code, detail, correlation_id)
        self.status = status
        self.code = code
        self.detail = detail
        self.correlation_id = correlation_id

    def __str__(self) -> str:
        return " ".join(filter(None, [str(self.status), self.code, self.detail, self.correlation_id]))


class Unauthorized(Refused):
    """401: the credential is dead; repeating the call is of no use."""


class Overloaded(Refused):
    """429 or 503: come back later; `retry_after` is the wish of the control plane in seconds, None if unsaid."""

    def __init__(
        self,
        status: int,
        code: str = "",
        detail: str = "",
        correlation_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(status, code, detail, correlation_id)
        self.retry_after = retry_after
