"""The command line: `python -m safeguard` and the command `safeguard` become the program."""

from __future__ import annotations

import os
import sys

from ._places import LibraryError, program

# What the program itself ends with when it cannot do its work.
TROUBLE = 2


def main() -> int:
    try:
        os.execv(program(), ["safeguard", *sys.argv[1:]])
    except (LibraryError, OSError) as error:
        print(f"safeguard: {error}", file=sys.stderr)
    return TROUBLE


if __name__ == "__main__":
    sys.exit(main())
