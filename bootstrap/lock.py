"""
Write the hash-locked lists in `requirements/` from the two `pyproject.toml` and the `.in` files beside the lists.

Usage: lock.py [--upgrade]. Without `--upgrade` only what must change changes. The lists hold for Python 3.11 and
newer on every platform and name no index.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECTS = ["pyproject.toml", "agent/pyproject.toml", "requirements/build.in"]
RUNTIME = [*PROJECTS, "--extra", "embedded", "--extra", "spicedb"]
LISTS = {
    "lock": ["requirements/lock.in"],
    "npm": ["requirements/npm.in"],
    "runtime": RUNTIME,
    "dev": [*RUNTIME, "requirements/test.in", "--group", "dev", "--constraints", "requirements/runtime.txt"],
}
COMMON = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-annotate", "--quiet"]


def main(options: list[str]) -> None:
    """Write every list, the tool's own first."""
    for name, sources in LISTS.items():
        print(f"==> locking requirements/{name}.txt", flush=True)
        compile_list(name, [*sources, *options])


def compile_list(name: str, arguments: list[str]) -> None:
    """Write one list."""
    target = f"requirements/{name}.txt"
    command = [sys.executable, "-m", "uv", "pip", "compile", *COMMON, "--output-file", target, *arguments]
    environment = {**os.environ, "UV_CUSTOM_COMPILE_COMMAND": "make lock"}
    subprocess.run(command, cwd=ROOT, check=True, env=environment)


if __name__ == "__main__":
    main(sys.argv[1:])
