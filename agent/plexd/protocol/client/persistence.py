"""Calls that are repeated until the control plane has taken them."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from plexd.protocol.backoff import LONGEST, Backoff
from plexd.protocol.errors import ControlPlaneError, Overloaded, Refused
from plexd.protocol.timing import Timing

T = TypeVar("T")

REGISTRATION_PATIENCE: Final = 300.0


async def persistently(
    call: Callable[[], Awaitable[T]],
    timing: Timing,
    *,
    longest: float = LONGEST,
    patience: float | None = None,
) -> T:
    """
    Return what the call returns in the end, repeating it with growing waits of at most about `longest` seconds.

    Raises:
        ControlPlaneError: a refusal that repeating cannot change, or the last error once `patience` seconds are over.
    """
    backoff = Backoff(timing.chance, longest=longest)
    started = timing.clock.monotonic()
    while True:
        try:
            return await call()
        except ControlPlaneError as error:
            if _is_final(error):
                raise
            delay = backoff.delay_asked(error.retry_after if isinstance(error, Overloaded) else None)
            if patience is not None and timing.clock.monotonic() + delay - started > patience:
                raise
        await timing.sleep(delay)


def _is_final(error: ControlPlaneError) -> bool:
    return isinstance(error, Refused) and not isinstance(error, Overloaded) and error.status < 500
