"""
The wire contract as a file: `python -m tests.architecture.openapi_document` writes it anew.

It is generated from every operation that a surface declares, so nothing has to run for it.
"""

from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Final

import msgspec

from plexsphere.api import v1
from plexsphere.api.openapi import document
from plexsphere.api.operation import Operation

FILE: Final = Path(__file__).parents[2] / "api/openapi/plexsphere-v1.json"


def operations() -> list[Operation]:
    """Every operation of the control plane: those that the surfaces declare in their `operations` modules."""
    return [each for surface in iter_modules(v1.__path__) for each in _declared(surface.name)]


def _declared(surface: str) -> Iterator[Operation]:
    declaring = import_module(f"{v1.__name__}.{surface}.operations")
    yield from (each for each in vars(declaring).values() if isinstance(each, Operation))


def generated() -> dict[str, Any]:
    """The document of this very tree."""
    return document(operations(), version("plexsphere"))


def text(described: Any) -> str:
    """Return a document as the file has it: sorted, so that a change is a short difference."""
    encoded = msgspec.json.encode(described, order="sorted")
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(text(generated()))
    print(f"wrote {FILE}")
