"""Where a frame stands in a node's stream: `<offset>.<k>` (design D20)."""

import re
from dataclasses import dataclass
from typing import Final

_FORM: Final = re.compile(r"(0|[1-9]\d{0,18})\.(0|[1-9]\d{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """The log offset of a row and the place of the frame within it."""

    offset: int
    k: int

    @classmethod
    def parse(cls, text: str) -> "Position | None":
        """Read the id of a frame; None where it has another form."""
        match = _FORM.fullmatch(text)
        return None if match is None else cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.offset}.{self.k}"
