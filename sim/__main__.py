"""`python -m firstbad.sim ARGUMENTS`: the simulator with nanoBragg's own arguments."""

import sys

from .program import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
