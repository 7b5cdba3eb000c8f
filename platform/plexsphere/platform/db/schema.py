"""What this version knows of the schema: its migrations, and which of them an older version survives."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

CORE: Final = files("plexsphere.migrations") / "core"

FILE: Final = re.compile(r"(\d{4}_[a-z0-9_]+)\.sql")
DIRECTIVE: Final = re.compile(r"^-- (phase|floor): *(\w+)$", re.MULTILINE)


class Phase(Enum):
    """What a migration does to processes of older versions."""

    EXPAND = "expand"
    CONTRACT = "contract"


class MigrationUnreadable(Exception):
    """A migration does not say what it does to older processes; the message names it."""


@dataclass(frozen=True, slots=True)
class KnownMigration:
    """
    One numbered change of the schema.

    An expansion adds, and every older process goes on beside it. A contraction takes away what processes below
    schema `floor` still use.
    """

    id: str
    phase: Phase
    floor: int

    @property
    def number(self) -> int:
        """Its place among all migrations."""
        return int(self.id[:4])

    @classmethod
    def read(cls, migration_id: str, text: str) -> "KnownMigration":
        """
        Read the header, `-- phase: expand`, or `-- phase: contract` with `-- floor: 0007`.

        Raises:
            MigrationUnreadable: it has none, or a contraction names no floor below itself.
        """
        said = dict(DIRECTIVE.findall(text))
        try:
            phase = Phase(said.get("phase"))
            floor = int(said["floor"]) if phase is Phase.CONTRACT else 0
        except (KeyError, ValueError):
            raise MigrationUnreadable(f"{migration_id} says neither `phase: expand` nor a floor") from None
        known = cls(migration_id, phase, floor)
        if not 0 <= floor < known.number or (phase is Phase.CONTRACT and not floor):
            raise MigrationUnreadable(f"{migration_id} names a floor that is none below itself")
        return known


@dataclass(frozen=True, slots=True)
class KnownSchema:
    """The migrations that a version ships, in their order."""

    migrations: tuple[KnownMigration, ...]

    @property
    def level(self) -> int:
        """The number of the newest one; processes say it to the database, and floors are compared with it."""
        return max((each.number for each in self.migrations), default=0)

    @classmethod
    def of(cls, folder: Traversable) -> "KnownSchema":
        """
        Read a folder.

        Raises:
            MigrationUnreadable: as above.
        """
        return cls(tuple(sorted(_read(folder), key=lambda each: each.id)))


@cache
def shipped() -> KnownSchema:
    """Return the schema of this version."""
    return KnownSchema.of(CORE)


def _read(folder: Traversable) -> Iterator[KnownMigration]:
    for file in folder.iterdir():
        found = FILE.fullmatch(file.name)
        if found:
            yield KnownMigration.read(found[1], file.read_text())
