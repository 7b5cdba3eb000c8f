"""How many of a costly kind of request a process takes at once."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.problem import Refusal


class Places:
    """Lets so many in, and refuses one more at once; `taken` says how many are inside."""

    def __init__(self, at_once: int, retry_after: str) -> None:
        self._at_once: Final = at_once
        self._headers: Final = {"Retry-After": retry_after}
        self.taken = 0

    @contextmanager
    def __call__(self) -> Generator[None]:
        """
        Have a place for as long as the block lasts.

        Raises:
            Refusal: `overloaded`: there is none.
        """
        if self.taken >= self._at_once:
            raise Refusal(catalogue.OVERLOADED, headers=self._headers)
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1
