"""How far a long run is, for those who watch it."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TextIO

#: Seconds between two lines.
PAUSE = 2.0


@dataclass
class Meter:
    """Tell a stream now and then how many classes are decided, and about how long the rest will take.

    Pass one as ``progress`` to :func:`rankkit.argmaxable`. The time left is the number of open classes over
    the present pace: most classes of most heads are decided within the first moments, the last ones one by
    one.

    Parameters
    ----------
    stream : text stream, optional
        stderr by default.

    Examples
    --------
    >>> import rankkit as rk
    >>> report = rk.argmaxable(rk.Head([[1, 0], [0, 1]]), progress=rk.reach.Meter(sys.stdout))
    2 of 2 classes decided
    """

    stream: TextIO | None = None
    _marks: list[tuple[float, int]] = field(default_factory=list, repr=False)

    def __call__(self, decided: int, asked: int) -> None:
        """Take note that ``decided`` of ``asked`` classes are decided."""
        now = time.monotonic()
        done = decided == asked and (not self._marks or self._marks[-1][1] < asked)
        if self._marks and not done and now < self._marks[-1][0] + PAUSE:
            return
        self._marks.append((now, decided))
        left = self.left(decided, asked)
        about = "" if left is None or decided == asked else f", about {_words(left)} left"
        stream = self.stream or sys.stderr
        stream.write(f"{decided:,} of {asked:,} classes decided{about}\n")
        stream.flush()

    def left(self, decided: int, asked: int) -> float | None:
        """Return the seconds that the rest will take at the pace of the last few lines; None before any."""
        recent = self._marks[-6:]
        if len(recent) < 2 or recent[-1][1] == recent[0][1]:
            return None
        (start, before), (end, after) = recent[0], recent[-1]
        return (asked - decided) * (end - start) / (after - before)


def _words(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
