"""
What an expansion may hold: nothing that a process of an older version could trip over, and nothing that holds a table
for longer than a moment (decision 0036).

Statements are judged by what is allowed, so that a form nobody thought of is an offence. Whatever the migration itself
made is its own to change.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import sqlparse

from plexsphere.platform.db.schema import KnownMigration, MigrationUnreadable, Phase

NAME: Final = r"(?:IF NOT EXISTS )?([a-z_0-9]+)"
TABLE: Final = re.compile(rf"CREATE TABLE {NAME}")
INDEX: Final = re.compile(rf"CREATE (UNIQUE )?INDEX (CONCURRENTLY )?{NAME} ON ([a-z_0-9]+)")
ALTER: Final = re.compile(r"ALTER TABLE ([a-z_0-9]+) (.*)")
ADD: Final = re.compile(rf"ADD COLUMN {NAME} (.*)")
INSERT: Final = re.compile(r"INSERT INTO ([a-z_0-9]+) ")
# A CHECK over a list of words may grow: older processes write fewer, and a table is not read for it.
WIDENED: Final = re.compile(
    r"DROP CONSTRAINT (\w+), ADD CONSTRAINT \1 CHECK \((\w+) IN \(([^()]*)\)\) NOT VALID"
)
DROP_INDEX: Final = re.compile(r"DROP INDEX CONCURRENTLY IF EXISTS ([a-z_0-9]+)")
# A value of its own for each row writes the whole table anew, under a lock that nobody passes.
REWRITES: Final = re.compile(
    r"\b(gen_random_uuid|clock_timestamp|random|nextval|uuidv7)\s*\(|\bGENERATED\b|\b(small|big)?serial\b"
)


@dataclass(frozen=True)
class Script:
    """A migration: its name, its statements without comments, each on one line, and where it says it depends."""

    name: str
    text: str

    @cached_property
    def statements(self) -> list[str]:
        bare = sqlparse.format(self.text, strip_comments=True)
        return [" ".join(each.split()).rstrip(";").strip() for each in sqlparse.split(bare) if each.strip()]

    @property
    def tables(self) -> set[str]:
        """The tables it makes."""
        return {found[1] for each in self.statements if (found := TABLE.match(each))}

    @property
    def indexes(self) -> set[str]:
        """The indexes it makes."""
        return {found[3] for each in self.statements if (found := INDEX.match(each))}

    @property
    def is_transactional(self) -> bool:
        return not re.search(r"^-- transactional: false$", self.text, re.MULTILINE)

    @property
    def depends(self) -> set[str]:
        return set(" ".join(re.findall(r"^-- depends: *(.*)$", self.text, re.MULTILINE)).split())


def scripts(folder: Path) -> list[Script]:
    """The forward migrations of a folder."""
    files = sorted(each for each in folder.glob("*.sql") if not each.name.endswith(".rollback.sql"))
    return [Script(each.stem, each.read_text()) for each in files]


def offences(every: list[Script]) -> Iterator[str]:
    """What offends, one line each."""
    contractions = set()
    for script in every:
        try:
            known = KnownMigration.read(script.name, script.text)
        except MigrationUnreadable as reason:
            yield str(reason)
            continue
        if known.phase is Phase.CONTRACT:
            contractions.add(script.name)
            continue
        yield from (f"{script.name} depends on contraction {each}" for each in script.depends & contractions)
        earlier = [each for other in every if other.name < script.name for each in other.statements]
        yield from (
            f"{script.name}: {each}"
            for each in script.statements
            if not _is_expansion(script, each) and not _is_widening(each, earlier)
        )


def _is_widening(statement: str, earlier: list[str]) -> bool:
    altered = ALTER.match(statement)
    found = altered and WIDENED.fullmatch(altered[2])
    if not altered or not found or found[1] != f"{altered[1]}_{found[2]}_check":
        return False
    before = _words(altered[1], found[2], earlier)
    return bool(before) and before <= _quoted(found[3])


def _words(table: str, column: str, statements: list[str]) -> set[str]:
    """What the newest CHECK of the column lets in."""
    words = set[str]()
    for each in statements:
        made, altered = TABLE.match(each), ALTER.match(each)
        widened = altered and altered[1] == table and WIDENED.fullmatch(altered[2])
        inline = re.search(rf"\b{column} text NOT NULL CHECK \({column} IN \(([^()]*)\)\)", each)
        if made and made[1] == table and inline:
            words = _quoted(inline[1])
        elif widened and widened[2] == column:
            words = _quoted(widened[3])
    return words


def _quoted(text: str) -> set[str]:
    return set(re.findall(r"'([^']*)'", text))


def _is_expansion(script: Script, statement: str) -> bool:
    if statement.startswith("COMMENT ON ") or TABLE.match(statement):
        return True
    if found := INSERT.match(statement):
        return found[1] in script.tables
    if found := ALTER.match(statement):
        return found[1] in script.tables or all(map(_is_harmless, _actions(found[2])))
    if found := DROP_INDEX.match(statement):
        # What a broken attempt left behind.
        return found[1] in script.indexes and not script.is_transactional
    if found := INDEX.match(statement):
        return found[4] in script.tables or _is_built_beside(script, found)
    return False


def _is_built_beside(script: Script, found: "re.Match[str]") -> bool:
    # A unique one would refuse what older processes write.
    swept = f"DROP INDEX CONCURRENTLY IF EXISTS {found[3]}"
    return bool(found[2]) and not found[1] and not script.is_transactional and swept in script.statements


def _actions(text: str) -> list[str]:
    """The parts of an ALTER TABLE: commas inside brackets and quotes part nothing."""
    bare = re.sub(r"'[^']*'", "''", text)
    parts, depth, start = [], 0, 0
    for place, sign in enumerate(bare):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            parts.append(bare[start:place].strip())
            start = place + 1
    return [*parts, bare[start:].strip()]


def _is_harmless(action: str) -> bool:
    found = ADD.fullmatch(action)
    if not found or REWRITES.search(found[2]):
        return False
    needs = re.search(r"\bNOT NULL\b|\bPRIMARY KEY\b|\bUNIQUE\b|\bREFERENCES\b", found[2])
    return not needs or (needs[0] == "NOT NULL" and " DEFAULT " in f" {found[2]} ")
