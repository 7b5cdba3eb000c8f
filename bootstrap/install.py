"""
Have the virtual environment `.venv` hold what a make target needs, from the hash-locked lists in `requirements/`.

Usage: install.py runtime|dev. It runs on any Python 3.11+ with the standard library alone. Nothing is installed when
the lists have not changed since the last time.
"""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
PIP_INSTALL = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
# What pip's lines about one package begin with, whatever becomes of it.
PER_PACKAGE = ("Collecting ", "Processing ", "Obtaining ", "Ignoring ", "Requirement already satisfied")
REQUIREMENTS = ROOT / "requirements"
PROJECTS = (ROOT, ROOT / "agent")
# A larger list holds everything of a smaller one, in the same versions.
CONTAINED = {"runtime": ("runtime",), "dev": ("runtime", "dev")}


def main(level: str) -> None:
    """Install one level unless it is there."""
    if is_installed(level):
        return
    make_environment()
    install_locked(level)
    install_projects()
    for contained in CONTAINED[level]:
        stamp(contained).write_text(fingerprint(contained))
    print("==> installed", flush=True)


def is_installed(level: str) -> bool:
    """Whether the environment works and was made from the very same files."""
    return stamp(level).exists() and stamp(level).read_text() == fingerprint(level) and environment_works()


def stamp(level: str) -> Path:
    """Name the file that tells what was installed."""
    return VENV / f".installed-{level}"


def fingerprint(level: str) -> str:
    """Hash everything that decides what gets installed and where: a copied environment does not count."""
    digest = hashlib.sha256(str(VENV).encode())
    for source in (REQUIREMENTS / f"{level}.txt", *(project / "pyproject.toml" for project in PROJECTS)):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def environment_works() -> bool:
    """Whether the environment's Python runs; it does not when the Python it was made from is gone."""
    try:
        return subprocess.run([PYTHON, "-c", "import pip"], capture_output=True).returncode == 0
    except OSError:
        return False


def make_environment() -> None:
    """Have a working environment, made anew where the old one does not run."""
    if environment_works():
        return
    print(f"==> creating .venv with Python {sys.version.split()[0]}", flush=True)
    if VENV.exists():
        shutil.rmtree(VENV)
    subprocess.run([sys.executable, "-m", "venv", VENV], check=True)


def install_locked(level: str) -> None:
    """Install exactly the locked files, each of which must have one of its known hashes."""
    lock = REQUIREMENTS / f"{level}.txt"
    total = sum("==" in line for line in lock.read_text().splitlines())
    print(f"==> installing {total} packages of requirements/{level}.txt, once, about a minute", flush=True)
    pip_with_progress(["--require-hashes", "-r", lock], total)


def install_projects() -> None:
    """Install this checkout's own distributions in place, built with the locked tools and nothing fetched."""
    print("==> installing plexsphere and plexd in place", flush=True)
    editable = [argument for project in PROJECTS for argument in ("-e", project)]
    pip_with_progress(["--no-deps", "--no-build-isolation", *editable], len(PROJECTS))


def pip_with_progress(arguments: list[str | Path], total: int) -> None:
    """Run pip's install, showing how far it is; on failure show all it said and end this program."""
    pip = subprocess.Popen(
        [*PIP_INSTALL, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = list(shown(pip.stdout or [], total))
    if pip.wait() != 0:
        sys.exit("".join(said) + "Installing failed; pip's words are above. Run the same make target again.")


def shown(lines: Iterable[str], total: int) -> Iterator[str]:
    """Pass pip's lines on, telling the terminal every package and a log every tenth."""
    at = 0
    live = sys.stdout.isatty()
    for line in lines:
        if line.startswith(PER_PACKAGE):
            at += 1
            if live or at % 10 == 0:
                print(f"    {at} of {total}", end="\r" if live else "\n", flush=True)
        if line.startswith("Installing collected"):
            print("    unpacking     ", flush=True)
        yield line


if __name__ == "__main__":
    main(sys.argv[1])
