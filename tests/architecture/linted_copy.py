"""A copy of the tree in which violations are planted, and the process that judges it."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class LintedCopy:
    """The copied tree, and its linter."""

    root: Path
    linter: "subprocess.Popen[str]"

    def broken(self) -> set[str]:
        """The ids of the contracts that the copy breaks as it stands."""
        assert self.linter.stdin is not None
        assert self.linter.stdout is not None
        self.linter.stdin.write("judge\n")
        self.linter.stdin.flush()
        verdict = json.loads(self.linter.stdout.readline())
        assert "failure" not in verdict, verdict["failure"]
        return set(verdict["broken"])

    def broken_with(self, planted: dict[str, str]) -> set[str]:
        """The same, with text added to the ends of these files; the copy is put back as it was."""
        before = {name: self._text(name) for name in planted}
        try:
            for name, text in planted.items():
                self._write(name, (before[name] or '"""Planted."""\n') + f"\n{text}\n")
            return self.broken()
        finally:
            for name, former in before.items():
                self._restore(name, former)

    def _text(self, name: str) -> str | None:
        file = self.root / name
        return file.read_text() if file.exists() else None

    def _write(self, name: str, text: str) -> None:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def _restore(self, name: str, text: str | None) -> None:
        if text is None:
            (self.root / name).unlink(missing_ok=True)
        else:
            self._write(name, text)
