"""`python -m firstbad.ui …` is `firstbad …`."""

import sys

from .cli import main

sys.exit(main())
