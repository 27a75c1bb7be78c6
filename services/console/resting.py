"""How long a page that was told news rests before it is told more: what open pages ask for again is what most of the time goes to, so where it
gets too much, they are told less often."""

from __future__ import annotations

LEAST, MOST = 0.25, 3.0
"""Seconds: what comes meanwhile is one piece of news, and after more than the most all is told at once."""
WINDOW = 1.0
"""Seconds over which it is judged: fifty pages that ask at once are a burst, and no load."""
BUSY = 0.6
"""From this share of a core on that the process uses, the rest grows."""
LATE = 0.1
"""So does it where pauses take so many seconds longer than they should, on average: others have the machine, or something holds up the loop."""
LONGER, SHORTER = 1.5, 0.7
"""By how much in one window."""


class Rest:
    """`seconds` as of now, LEAST after quiet windows."""

    def __init__(self) -> None:
        self.seconds = LEAST
        self.begin(0.0, 0.0)

    def begin(self, clock: float, used: float) -> None:
        """A window, at this time of a clock and with so many seconds of CPU that the process has used so far."""
        self._clock, self._used, self._late, self._pauses = clock, used, 0.0, 0

    def measure(self, clock: float, used: float, late: float) -> None:
        """After a pause that was too long by `late` seconds. At the end of a window the rest grows or shrinks."""
        self._late, self._pauses = self._late + late, self._pauses + 1
        passed = clock - self._clock
        if passed < WINDOW:
            return
        is_busy = used - self._used > BUSY * passed or self._late > LATE * self._pauses
        self.seconds = max(LEAST, min(MOST, self.seconds * (LONGER if is_busy else SHORTER)))
        self.begin(clock, used)
