"""
C38: SQL is put together from constants alone; values travel as parameters.

A statement may name a constant of the code (a list of columns, written in capitals), and the driver's own `SQL` values,
which quote what they are given, may be put together; anything else between the words of a statement is an offence,
however it got there: formatted, added, joined or replaced.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.architecture.house_rules import Source

SQL: Final = re.compile(
    r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|FROM|WHERE|VALUES|SET|COPY|LISTEN|NOTIFY|CREATE|ALTER|DROP|TRUNCATE)\b"
)
CONSTANT: Final = re.compile(r"(\w+\.)?_?[A-Z][A-Z0-9_]*")
RUNS: Final = {"execute", "executemany", "copy", "stream"}
# What a table holds besides what the code knows is a newer version's own business (decision 0036). A function's
# columns are as many as the statement gives it.
STAR: Final = re.compile(r"(?:SELECT\s+|\bRETURNING\s+|,\s*)(?:\w+\.)?\*(?!\s*FROM\s+unnest\()")
NAMELESS: Final = re.compile(r"\bINSERT\s+INTO\s+[\w.]+\s+(?![\s(])")
BUILDS: Final = {"format", "format_map", "replace", "join"}


def values_travel_as_parameters(source: Source) -> Iterator[str]:
    """No statement has anything but constants between its words."""
    tree = source.tree
    reader = _Reader(frozenset(_quoting_names(tree)))
    for node in ast.walk(tree):
        if reader.is_built(node) and SQL.search(_words(node)):
            yield f"line {_line(node)} builds SQL"
        if isinstance(node, ast.Call) and _runs(node) and node.args and reader.is_built(node.args[0]):
            yield f"line {node.lineno} runs text that was built"


def statements_name_their_columns(source: Source) -> Iterator[str]:
    """No statement takes or gives whatever columns there are: a newer version may have added one."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value):
            if STAR.search(node.value) or NAMELESS.search(node.value):
                yield f"line {node.lineno} leaves columns open"


@dataclass(frozen=True)
class _Reader:
    """Knows the names of the file that hold `SQL` values."""

    quoting: frozenset[str]

    def is_built(self, node: ast.AST) -> bool:
        """Whether a text is put together here from something that is not a constant."""
        match node:
            case ast.JoinedStr(values=values):
                return not all(self.is_constant(e.value) for e in values if isinstance(e, ast.FormattedValue))
            case ast.BinOp(op=ast.Add() | ast.Mod(), left=left, right=right):
                return not (self.is_constant(left) and self.is_constant(right))
            case ast.Call(func=ast.Attribute(attr=name, value=receiver)) if name in BUILDS:
                return not self._quotes(receiver)
        return False

    def is_constant(self, node: ast.AST) -> bool:
        """Whether a text is the same in every run."""
        match node:
            case ast.Constant():
                return True
            case ast.Name() | ast.Attribute():
                return CONSTANT.fullmatch(ast.unparse(node)) is not None
            case ast.JoinedStr() | ast.BinOp():
                return not self.is_built(node)
        return self._quotes(node)

    def _quotes(self, node: ast.AST) -> bool:
        return _makes_sql(node) or (isinstance(node, ast.Name) and node.id in self.quoting)


def _quoting_names(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _makes_sql(value):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if _makes_sql(value):
                yield name


def _makes_sql(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"SQL", "sql.SQL"}
        and all(isinstance(each, ast.Constant) for each in node.args)
    )


def _words(node: ast.AST) -> str:
    texts = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
    return " ".join(text for text in texts if isinstance(text, str))


def _runs(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr in RUNS


def _line(node: ast.AST) -> int:
    return getattr(node, "lineno", 0)
