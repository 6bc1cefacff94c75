"""The command `parley`: see commands/cli.py."""

import sys

from parley.commands.cli import main as run


def main() -> None:
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
