"""The schema file that ships with the package."""

from importlib.resources import files
from typing import Final

_FILE: Final = "plexsphere.zed"


def read_schema_text() -> str:
    """Return the text of the one schema that both authorizers read."""
    return (files("plexsphere.identity.adapters") / _FILE).read_text(encoding="utf-8")
