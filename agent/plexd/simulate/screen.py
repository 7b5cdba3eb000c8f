"""Shows a fleet's standing: redrawn in place on a terminal, line by line elsewhere."""

from typing import Final, Protocol, TextIO

from plexd.simulate.fleet import FleetReport
from plexd.simulate.progress import line, table

_UP: Final = "\x1b[{}A"
_CLEAR_LINE: Final = "\x1b[2K"


class Screen(Protocol):
    """Where progress is shown, every so many `seconds`."""

    seconds: float

    def show(self, report: FleetReport, elapsed: float) -> None:
        """Show the standing after `elapsed` seconds."""
        ...


class TerminalScreen:
    """Draws a table over the one before it."""

    seconds = 0.5

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._drawn = 0

    def show(self, report: FleetReport, elapsed: float) -> None:
        """Draw the table."""
        rows = table(report, elapsed)
        up = _UP.format(self._drawn) if self._drawn else ""
        self._out.write(up + "".join(f"\r{_CLEAR_LINE}{row}\n" for row in rows))
        self._out.flush()
        self._drawn = len(rows)


class LineScreen:
    """Writes one line at a time."""

    seconds = 5.0

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def show(self, report: FleetReport, elapsed: float) -> None:
        """Write the line."""
        self._out.write(line(report, elapsed) + "\n")
        self._out.flush()


def screen_for(out: TextIO) -> Screen:
    """Return the screen that suits the output."""
    return TerminalScreen(out) if out.isatty() else LineScreen(out)
