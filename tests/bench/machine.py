"""Where figures were measured: without it they say little."""

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import psycopg

from plexsphere.platform.kernel.secret import Secret


def commit() -> str:
    """Return the commit that was measured, marked where files differ from it."""
    head = _said("git", "rev-parse", "HEAD")
    return f"{head} with changes" if _said("git", "status", "--porcelain", "--untracked-files=no") else head


def machine(dsn: Secret[str]) -> dict[str, Any]:
    """Return what decides how fast anything is here."""
    with psycopg.connect(dsn.reveal()) as connection:
        [postgres] = connection.execute("SHOW server_version").fetchone() or ("",)
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "postgresql": postgres,
        "load_before": round(os.getloadavg()[0], 2),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
