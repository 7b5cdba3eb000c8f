"""Names of nodes, for people (design D35)."""

from typing import Final

from plexsphere.fleet.domain.errors import InvalidNodeName

LONGEST: Final = 255


def node_name(text: str) -> str:
    """
    Return the name.

    Raises:
        InvalidNodeName: blank, longer than 255 characters, or with characters that are not printed as they are stored.
    """
    if not text.strip() or len(text) > LONGEST or not text.isprintable():
        raise InvalidNodeName
    return text
