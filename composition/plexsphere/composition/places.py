"""How many of a costly kind of request a process takes at once."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.problem import Refusal


class Places:
    """
    Lets so many in, and of each that is named so many, and refuses one more at once.

    `taken` says how many are inside.
    """

    def __init__(self, at_once: int, retry_after: str, of_each: int | None = None) -> None:
        self._at_once: Final = at_once
        self._of_each: Final = at_once if of_each is None else of_each
        self._by_name: Final = Counter[str]()
        self._headers: Final = {"Retry-After": retry_after}
        self.taken = 0

    @contextmanager
    def __call__(self, name: str = "") -> Generator[None]:
        """
        Have a place for as long as the block lasts.

        Raises:
            Refusal: `overloaded`: there is none, or none for this name.
        """
        if self.taken >= self._at_once or self._by_name.get(name, 0) >= self._of_each:
            raise Refusal(catalogue.OVERLOADED, headers=self._headers)
        self.taken += 1
        self._by_name[name] += 1
        try:
            yield
        finally:
            self.taken -= 1
            self._leave(name)

    def _leave(self, name: str) -> None:
        self._by_name[name] -= 1
        # A name that nobody is inside with is forgotten.
        if not self._by_name[name]:
            del self._by_name[name]
