"""`python -m pinnsven` is the command `pinnsven`."""

import sys

from ._cli import main

if __name__ == "__main__":
    sys.exit(main())
