"""The engine: proposes a proof for every class, from the cheapest step to the exact one.

================  =====================================================  ======================
step              question                                               cost
================  =====================================================  ======================
``duplicates``    does another class have the same row?                  one hash per row
``screen``        is the class extreme in the direction of its own row?  a share of W W^T
``min_norm``      where is the hull of the others nearest to it?         a small problem per class
``simplices``     does the proof for a neighbour cover it?               a solve per neighbourhood
``faces``         which way is it off a face, however little?            one more search
``exact``         all that floating point cannot tell                    rational solves
================  =====================================================  ======================

Every step gets what the steps before it left open, and only proposes: the ledger checks. ``steps`` runs
them; ``bounded`` searches again where states are bounded; ``contest`` is what both start from.
``coordinates`` makes the rows easy to search, ``hulls`` holds where searches stand, ``pricing`` finds what
lies beyond them, ``neighbours`` what they may begin with, and ``wolfe`` is their compiled loop; ``columns``
are what exact arithmetic searches.
"""

from rankkit.reach.engine.bounded import decide_within
from rankkit.reach.engine.steps import decide

__all__ = ["decide", "decide_within"]
