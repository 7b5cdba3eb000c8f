"""Fixtures of the architecture tests."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.architecture.linted_copy import LintedCopy
from tests.architecture.tree import ROOT, copy_to


@pytest.fixture(scope="session")
def linted_copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LintedCopy]:
    """A copy of the tree with its own linter, shared by all tests of the run."""
    root = tmp_path_factory.mktemp("tree")
    copy_to(root)
    command = [sys.executable, "-m", "tests.architecture.contract_linter", str(root)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as linter:
        yield LintedCopy(root, linter)
        linter.terminate()
