"""`python -m tests.matrix` writes docs/sources/facts.md anew; with `-v` it says what is not read as a person would."""

import sys

from tests.matrix.page import BODIES, PAGE, differences, page

if "-v" in sys.argv:
    for kind in BODIES:
        for number, name, told, read in differences(kind):
            print(f"{kind}[{number}] {name}: says {told!r}, read {read!r}")
PAGE.write_text(page())
