"""
The house's rules on how code is written, as far as a machine can judge them.

A rule takes one parsed file and yields what offends it. Every rule is seen to fail in `test_house_rules.py`.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Final

LONGEST_FILE: Final = 350
NO_NOUN: Final = re.compile(r"(^|_)(utils?|helpers?|common|managers?|misc)$")
NO_CLASS: Final = re.compile(r"(Manager|Impl|Helper|Utils?)$|^Abstract|^I[A-Z][a-z]")
UNFINISHED: Final = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One file: where it lies below the root, its text, its tree."""

    path: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def lies_in(self, ring: str) -> bool:
        """Whether the file belongs to this ring of a context."""
        return self.path.parts[:2] == ("contexts", "plexsphere") and ring in self.path.parts[3:4]


Rule = Callable[[Source], Iterator[str]]


def packages_hold_a_docstring_only(source: Source) -> Iterator[str]:
    """An `__init__.py` is a docstring and nothing else."""
    if source.path.name == "__init__.py":
        body = source.tree.body
        if len(body) != 1 or ast.get_docstring(source.tree) is None:
            yield "is not one docstring"


def modules_are_named_for_a_thing(source: Source) -> Iterator[str]:
    """No module is named for a heap of things."""
    if NO_NOUN.search(source.path.stem):
        yield f"is named {source.path.stem}"


def classes_are_named_for_what_they_are(source: Source) -> Iterator[str]:
    """No class says that it manages, helps or implements."""
    yield from (f"holds class {each.name}" for each in classes(source) if NO_CLASS.search(each.name))


def modules_and_public_classes_say_what_they_are(source: Source) -> Iterator[str]:
    """Every module and every public class has a docstring."""
    if ast.get_docstring(source.tree) is None:
        yield "has no docstring"
    for each in classes(source):
        if not each.name.startswith("_") and ast.get_docstring(each) is None:
            yield f"{each.name} has no docstring"


def ports_say_what_they_promise(source: Source) -> Iterator[str]:
    """Every public method of a port has a docstring: it is the contract its adapters are held to."""
    if source.lies_in("ports"):
        for each in classes(source):
            for method in methods(each):
                if not method.name.startswith("_") and ast.get_docstring(method) is None:
                    yield f"{each.name}.{method.name} has no docstring"


def domain_values_are_frozen(source: Source) -> Iterator[str]:
    """No dataclass of a domain can be changed in place."""
    if source.lies_in("domain"):
        yield from (
            f"{each.name} is not frozen" for each in classes(source) if is_dataclass(each, frozen=False)
        )


def a_use_case_is_one_frozen_dataclass_of_its_file(source: Source) -> Iterator[str]:
    """In an application ring a class that is called is a frozen dataclass, and alone in its file."""
    if source.lies_in("application"):
        called = [each for each in classes(source) if any(m.name == "__call__" for m in methods(each))]
        yield from (f"{each.name} is not a frozen dataclass" for each in called if not is_dataclass(each))
        if len(called) > 1:
            yield f"holds {len(called)} use cases"


def imports_name_the_full_path(source: Source) -> Iterator[str]:
    """No relative import, and none of a portion as an attribute of the namespace."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and (node.level or node.module == "plexsphere"):
            yield f"line {node.lineno} imports by less than the full path"


def nothing_is_swallowed(source: Source) -> Iterator[str]:
    """No handler drops an exception without a deed (`contextlib.suppress` says it aloud)."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and all(_is_nothing(each) for each in node.body):
            yield f"line {node.lineno} swallows an exception"


def nothing_is_left_unfinished(source: Source) -> Iterator[str]:
    """No note to a later self."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if UNFINISHED.search(line):
            yield f"line {number} is unfinished"


def files_stay_readable(source: Source) -> Iterator[str]:
    """A file holds one idea, which has an end."""
    if (length := len(source.text.splitlines())) > LONGEST_FILE:
        yield f"has {length} lines"


RULES: Final[tuple[Rule, ...]] = (
    packages_hold_a_docstring_only,
    modules_are_named_for_a_thing,
    classes_are_named_for_what_they_are,
    modules_and_public_classes_say_what_they_are,
    ports_say_what_they_promise,
    domain_values_are_frozen,
    a_use_case_is_one_frozen_dataclass_of_its_file,
    imports_name_the_full_path,
    nothing_is_swallowed,
    nothing_is_left_unfinished,
    files_stay_readable,
)


def classes(source: Source) -> list[ast.ClassDef]:
    """Every class of the file."""
    return [node for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef)]


def methods(kind: ast.ClassDef) -> list[Function]:
    """The methods that the class itself defines."""
    return [node for node in kind.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def is_dataclass(kind: ast.ClassDef, *, frozen: bool = True) -> bool:
    """Whether the class is a dataclass of this kind."""
    texts = [ast.unparse(each) for each in kind.decorator_list]
    return any("dataclass" in text and ("frozen=True" in text) is frozen for text in texts)


def _is_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )
