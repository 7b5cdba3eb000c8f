"""Every stream is an open file, and the usual limit is low."""

import resource
from typing import Final

SPARE: Final = 256


def allow_open_files(wanted: int) -> bool:
    """Raise this process's limit as far as needed and allowed; tell whether it suffices."""
    needed = wanted + SPARE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _at_least(soft, needed):
        return True
    reachable = needed if _at_least(hard, needed) else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (reachable, hard))
    return reachable >= needed


def _at_least(limit: int, needed: int) -> bool:
    return limit == resource.RLIM_INFINITY or limit >= needed
