"""The page that shows the OpenAPI document, and its assets: all of them shipped with this package."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

PACKAGE: Final = "plexsphere.api.v1.meta"
INDEX: Final = "page/index.html"

HEADERS: Final[Mapping[str, str]] = {
    # Nothing from elsewhere, nothing inline; the style sheet draws its arrows from data URLs.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "max-age=3600",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the package, and what it is served as."""

    file: str
    media_type: str


ASSETS: Final[Mapping[str, Asset]] = {
    "page.css": Asset("page/page.css", "text/css"),
    "page.js": Asset("page/page.js", "text/javascript"),
    "mark.svg": Asset("page/mark.svg", "image/svg+xml"),
    "swagger-ui.css": Asset("page/swagger-ui/swagger-ui.css", "text/css"),
    "swagger-ui-bundle.js": Asset("page/swagger-ui/swagger-ui-bundle.js", "text/javascript"),
    "swagger-ui-bundle.js.LICENSE.txt": Asset(
        "page/swagger-ui/swagger-ui-bundle.js.LICENSE.txt", "text/plain"
    ),
}


@cache
def content(file: str) -> bytes:
    """Return a file of the package; read once. Only names from this module come here, never a request's (H43)."""
    return files(PACKAGE).joinpath(file).read_bytes()
