"""The password that the embedded database asks for."""

import secrets
from pathlib import Path
from typing import Final

from plexsphere.composition.embedded.private_file import read_if_present, write_private
from plexsphere.platform.kernel.secret import Secret

PASSWORD_BYTES: Final = 32


def password_file(data: Path) -> Path:
    """Name the file, of mode 0600, that keeps the password."""
    return data / "postgres.password"


def kept_password(data: Path) -> Secret[str]:
    """Return the password of this data folder, 256 random bits, made at the first call and the same ever after."""
    kept = read_if_present(password_file(data))
    if not kept:
        kept = secrets.token_urlsafe(PASSWORD_BYTES)
        write_private(password_file(data), f"{kept}\n")
    return Secret(kept)
