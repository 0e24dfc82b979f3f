"""`python -m minigrad.cli` is the command `minigrad`."""

import sys

from minigrad.cli.command import main

sys.exit(main())
