"""What `plexsphere up` keeps in the data folder so that a second start finds everything again (design section 3)."""

import base64
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plexsphere.composition.embedded.home import make_data_folder
from plexsphere.composition.embedded.private_file import read_if_present, write_private
from plexsphere.composition.settings import ARTIFACTS_VAR, DSN_VAR, WRAP_KEY_BYTES, WRAP_KEY_VAR
from plexsphere.platform.kernel.secret import Secret

DATA_DIR_VAR: Final = "PLEXSPHERE_DATA_DIR"
DEFAULT_DATA_DIR: Final = ".data"


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A folder of ours; nothing above it is touched."""

    path: Path

    @classmethod
    def chosen(cls, environ: Mapping[str, str]) -> "DataFolder":
        """
        Return the folder that the environment names, or `.data` here; made when it is not there.

        Raises:
            DataFolderRefusedError: it cannot be made.
        """
        path = Path(environ.get(DATA_DIR_VAR) or DEFAULT_DATA_DIR).absolute()
        make_data_folder(path)
        return cls(path)

    @property
    def operator_token(self) -> Path:
        """Return where the first operator's token is kept."""
        return self.path / "operator.token"

    def wrap_key(self) -> str:
        """Return the deployment's wrap key in base64, made at the first call and kept with mode 0600."""
        kept = self.path / "nsk-wrap.key"
        text = read_if_present(kept)
        if text:
            return text
        fresh = base64.b64encode(secrets.token_bytes(WRAP_KEY_BYTES)).decode()
        write_private(kept, fresh)
        return fresh

    def environ(self, given: Mapping[str, str], dsn: Secret[str] | None) -> dict[str, str]:
        """Return the environment with what it lacked: the embedded database, the kept key, a folder for artifacts."""
        completed = dict(given)
        if dsn is not None:
            completed[DSN_VAR] = dsn.reveal()
        if not completed.get(WRAP_KEY_VAR):
            completed[WRAP_KEY_VAR] = self.wrap_key()
        if not completed.get(ARTIFACTS_VAR):
            completed[ARTIFACTS_VAR] = str(self.path / "artifacts")
        return completed

    def keep_operator_token(self, token: Secret[str]) -> None:
        """Keep the token where only this user reads it."""
        write_private(self.operator_token, token.reveal() + os.linesep)
