"""What runs when Python is given this folder: `python -I -S keeper DIR BINARIES…`."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Python put this folder on the path. The one that holds `service` is wanted instead, and
    # last, so that nothing in it can stand in for a module of the standard library.
    sys.path[:] = [*sys.path[1:], str(Path(__file__).parents[3])]

    from service.database.keeper.keeping import main

    sys.exit(main(sys.argv[1:]))
