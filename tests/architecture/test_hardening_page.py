"""docs/hardening.md names, for each row, a test that is there and names the row."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
ROW: Final = re.compile(r"^\| ([CHM]\d\d) \| .+ \| \[`(\w+)`\]\(\.\./(tests/[\w/]+\.py)\) \|$", re.MULTILINE)


def rows(page: str) -> list[tuple[str, str, str]]:
    return ROW.findall(page)


def names_row(row: str, name: str, module: ast.Module) -> bool:
    functions = [
        each
        for each in ast.walk(module)
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name == name
    ]
    texts = [
        f"{name} {ast.get_docstring(each) or ''} {ast.get_docstring(module) or ''}" for each in functions
    ]
    return any(re.search(rf"\b{row}\b", text) for text in texts)


PAGE: Final = (ROOT / "docs/hardening.md").read_text()


@pytest.mark.parametrize(("row", "name", "path"), rows(PAGE), ids=[row for row, _, _ in rows(PAGE)])
def test_each_row_has_a_test_that_names_it(row: str, name: str, path: str) -> None:
    assert names_row(row, name, ast.parse((ROOT / path).read_text()))


def test_every_row_of_the_page_was_read() -> None:
    assert len(rows(PAGE)) == len(re.findall(r"^\| [CHM]\d\d ", PAGE, re.MULTILINE)) > 50


def test_a_test_that_is_gone_or_names_another_row_is_noticed() -> None:
    module = ast.parse('def test_it():\n    """C01: so."""\n')

    assert names_row("C01", "test_it", module)
    assert not names_row("C02", "test_it", module)
    assert not names_row("C01", "test_gone", module)
