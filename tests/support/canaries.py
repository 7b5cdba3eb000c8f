"""Secrets that are looked for wherever anything was said or kept."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.support.plaintext import forms

LINE_ENDS: Final = re.compile(r"[\r\n]|\\+[rn]")


@dataclass
class Canaries:
    """The secrets by their names, and everything that each place came to hold."""

    secrets: dict[str, str | bytes] = field(default_factory=dict)
    places: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def know(self, secrets: Mapping[str, str | bytes]) -> None:
        """Look for these from now on, in what was heard before as well."""
        assert all(len(each) >= 12 for each in secrets.values()), "a short word may stand anywhere by chance"
        self.secrets |= secrets

    def hear(self, place: str, *said: bytes) -> None:
        """Keep what stands in a place."""
        self.places[place] += [octets.decode("latin-1") for octets in said]

    def hear_all(self, places: Iterable[tuple[str, bytes]]) -> None:
        """Keep what stands in several places."""
        for place, octets in places:
            self.hear(place, octets)

    def found(self) -> set[tuple[str, str]]:
        """Return each secret with each place that holds it, in whatever form."""
        texts = {place: _with_and_without_lines("\n".join(said)) for place, said in self.places.items()}
        return {
            (name, place)
            for name, secret in self.secrets.items()
            for place, text in texts.items()
            if any(form in text for form in forms(secret))
        }


def _with_and_without_lines(text: str) -> str:
    # What is written in lines of a certain length, a dump and JSON write with signs in place of their ends.
    return text + LINE_ENDS.sub("", text)
