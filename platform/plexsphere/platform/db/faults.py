"""Which driver errors mean that the store is away, and which mean that it is busy (design D6)."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from psycopg import Error, OperationalError
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from plexsphere.platform.kernel.unit_of_work import StoreContended, StoreOverloaded, StoreUnavailable

# A class of SQLSTATE, or a whole one. OperationalError alone says too little: a statement that is too complex
# (54001) belongs to that class as well, and there nothing is away. 25P03 ends the session of a process that paused
# inside a transaction.
AWAY: Final = ("08", "57P", "53", "58030", "25006", "25P03")
BUSY: Final = ("57014", "55P03")
CONTENDED: Final = ("40001", "40P01")


@contextmanager
def translated() -> Generator[None]:
    """Raise the kernel's words for a store that is away or busy; let every other error pass."""
    try:
        yield
    except (PoolTimeout, TooManyRequests) as error:
        raise StoreOverloaded from error
    except PoolClosed as error:
        raise StoreUnavailable from error
    except Error as error:
        state = error.sqlstate or ""
        if state.startswith(CONTENDED):
            raise StoreContended from error
        if state.startswith(BUSY):
            raise StoreOverloaded from error
        if is_away(error):
            raise StoreUnavailable from error
        raise


def is_away(error: Error) -> bool:
    """Tell whether the error means that the connection, or the server behind it, is lost."""
    state = error.sqlstate or ""
    return state.startswith(AWAY) or (not state and isinstance(error, OperationalError))
