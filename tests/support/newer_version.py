"""A version after this one: the same code with migrations of its own."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plexsphere.platform.db.schema import CORE, shipped

ROOT: Final = Path(__file__).parents[2]
PORTIONS: Final = ("contexts", "platform", "api", "composition", "migrations")
VERSION: Final = "99.0.0"
METADATA: Final = f"Metadata-Version: 2.1\nName: plexsphere\nVersion: {VERSION}\n"

EXPANDED: Final = """-- Planted.
-- phase: expand

ALTER TABLE nodes ADD COLUMN planted text NOT NULL DEFAULT 'planted';
ALTER TABLE event_inbox ADD COLUMN planted integer;
ALTER TABLE event_log ADD COLUMN planted integer NOT NULL DEFAULT 7;
ALTER TABLE node_identities ADD COLUMN planted text, ADD COLUMN also_planted boolean NOT NULL DEFAULT false;
CREATE TABLE planted_things (domain_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (domain_id, id));
"""


def number_after(steps: int = 1) -> int:
    """Return the number of a migration so many places after the newest one of this version."""
    return shipped().level + steps


def core_with(place: Path, **planted: str) -> Path:
    """Copy this version's migrations and plant others among them, named by their ids."""
    shutil.copytree(str(CORE), place, dirs_exist_ok=True)
    for migration_id, text in planted.items():
        (place / f"{migration_id.lstrip('_')}.sql").write_text(text)
    return place


@dataclass(frozen=True)
class NewerVersion:
    """A copy of the product beside this one; who starts with its `environ` runs the copy."""

    place: Path

    @classmethod
    def made(cls, place: Path, **planted: str) -> "NewerVersion":
        """Copy the product, plant the migrations, and give it a version of its own."""
        for portion in PORTIONS:
            shutil.copytree(ROOT / portion, place / portion, ignore=shutil.ignore_patterns("__pycache__"))
        core_with(place / "migrations/plexsphere/migrations/core", **planted)
        told = place / "platform" / f"plexsphere-{VERSION}.dist-info"
        told.mkdir()
        (told / "METADATA").write_text(METADATA)
        return cls(place)

    @property
    def environ(self) -> dict[str, str]:
        """What makes Python take the copy and not this version."""
        paths = [str(self.place / portion) for portion in PORTIONS]
        return {"PYTHONPATH": os.pathsep.join(paths)}
