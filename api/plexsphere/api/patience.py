"""More time for a body that is large on purpose."""

from typing import Any, Final

from plexsphere.api.straight import EXTENSION

PATIENT: Final = "patient"


def be_patient(scope: Any, seconds: float) -> None:
    """
    Let the client of a request take so long for its body, for as long as it sends at the usual least pace.

    Who calls this has let the client through already. Nothing happens where the server judges no body's time.
    """
    offered = scope.get("extensions", {}).get(EXTENSION, {}).get(PATIENT)
    if offered is not None:
        offered(seconds)
