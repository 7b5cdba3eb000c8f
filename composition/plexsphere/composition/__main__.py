"""The program: plexsphere."""

import gc


def main() -> None:
    """Run the command that the arguments name."""
    # Nothing that is imported is ever garbage; looking for some takes a good part of a start.
    gc.disable()
    from plexsphere.composition.command_line import main as command_line

    gc.enable()
    command_line()


if __name__ == "__main__":
    main()
