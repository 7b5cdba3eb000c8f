"""The key under which a dispatch happens once."""

from typing import Final

from plexsphere.api.gate import AnyRequest
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.executions import problems

LONGEST: Final = 255


def idempotency_key(request: AnyRequest) -> str:
    """
    Return the request's Idempotency-Key, or an empty text when it has none.

    Raises:
        Refusal: `invalid_idempotency_key`, for an empty one, one that is too long or not printable ASCII, and two.
    """
    keys = request.headers.getall("idempotency-key", [])
    if not keys:
        return ""
    [key, *others] = keys
    if others or not 1 <= len(key) <= LONGEST or not (key.isascii() and key.isprintable()):
        raise Refusal(problems.INVALID_IDEMPOTENCY_KEY)
    return str(key)
