"""The Python files of the product, and copies of them in which a test may plant a violation."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PORTIONS: Final = ("contexts", "platform", "api", "composition", "migrations")
SOURCES: Final = (*PORTIONS, "agent")
CONTEXTS: Final = tuple(
    sorted(path.name for path in (ROOT / "contexts/plexsphere").iterdir() if (path / "__init__.py").is_file())
)


def product_files(root: Path = ROOT) -> Iterator[Path]:
    """Every Python file that ships, in the order of their paths."""
    for source in SOURCES:
        yield from sorted((root / source).rglob("*.py"))


def copy_to(place: Path) -> None:
    """Copy what import contracts are judged by: the Python files, the contracts, their own contract type."""
    for file in product_files():
        _copy(file, place)
    for name in ("pyproject.toml", "tests/architecture/stdlib_only.py"):
        _copy(ROOT / name, place)


def _copy(file: Path, place: Path) -> None:
    target = place / file.relative_to(ROOT)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, target)
