"""`python -m python_scoring`: the same as `customer-predictions`."""

import sys

INTERRUPTED = "Interrupted before the command had finished.\n"


def main() -> None:
    """Run a command. An interrupt is one line from the first import on."""
    try:
        from python_scoring.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write(INTERRUPTED)
        sys.exit(1)


if __name__ == "__main__":
    main()
