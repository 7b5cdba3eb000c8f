"""Other spellings of a path: those that end with a verb behind a colon, which the router has no template for."""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

from plexsphere.api.operation import Operation

AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]

ASKED: Final = "plexsphere.asked"
PARAMETER: Final = re.compile(r"\\{(\w+)\\}")


def asked_path(scope: Any) -> str:
    """Return the path as the caller spelled it, for the refusal that names it."""
    path: str = scope.get(ASKED, scope["path"])
    return path


@dataclass(frozen=True, slots=True)
class Spelling:
    """A template of paths, and the operation whose path the router knows."""

    form: re.Pattern[str]
    template: str

    @classmethod
    def of(cls, spelled: Operation, routed: Operation) -> Self:
        """Return the spelling of an operation that the router serves as another one."""
        return cls(re.compile(PARAMETER.sub(r"(?P<\1>[^/]+)", re.escape(spelled.path))), routed.path)

    def routed(self, path: str) -> str:
        """Return the path as the router knows it, or an empty text when it is not spelled like this."""
        named = self.form.fullmatch(path)
        return self.template.format(**named.groupdict()) if named else ""


class Spellings:
    """
    The router, behind the spellings of its paths.

    Only the spelling changes: whatever is refused or granted is decided by the handler, as for the path it has. The
    server decodes a path before it is looked at, so that an encoded colon or slash says what the plain one says.
    """

    def __init__(self, router: AsgiApp, spellings: Iterable[Spelling]) -> None:
        self.router: Final = router
        self._spellings: Final = tuple(spellings)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        for spelling in self._spellings:
            routed = spelling.routed(path)
            if routed:
                # In place: whoever counts the answer finds the handler in this very scope.
                scope[ASKED], scope["path"] = path, routed
                break
        await self.router(scope, receive, send)
