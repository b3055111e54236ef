"""The states at which classes win, each in the shortest form that will do."""

from __future__ import annotations

import numpy as np

from rankkit.arrays import Array, FloatArray, IntArray


class States:
    """One state for each class that wins, in float32, in float64 or as a sum of float64 terms.

    Tables are as large as all classes might need; memory is taken as rows are filled.

    Attributes
    ----------
    narrow : numpy.ndarray (classes, d), float32
        Row i is the state of class i, unless it was entered in another form.
    """

    def __init__(self, classes: int, d: int) -> None:
        self.narrow = np.empty((classes, d), np.float32)
        self._wide, self._count = np.empty((classes, d)), 0  # in the order in which they came
        self._row = np.full(classes, -1, np.int32)  # of a class in the wide table
        self._sums: dict[int, FloatArray] = {}

    def enter(self, classes: IntArray, states: Array) -> None:
        """Enter states (m, d) of classes (m,), or terms (m, k, d) of them."""
        if states.ndim == 3:
            self._sums |= dict(zip(classes.tolist(), states, strict=True))
        elif states.dtype == np.float32:
            self.narrow[classes] = states
        else:
            rows = np.arange(self._count, self._count + len(classes))
            self._wide[rows], self._row[classes] = states, rows
            self._count += len(classes)

    def of(self, i: int) -> FloatArray:
        """Return the state (d,) of class ``i``, or terms (k, d) of it."""
        if i in self._sums:
            return self._sums[i].copy()
        row = self._row[i]
        return self._wide[row].copy() if row >= 0 else self.narrow[i].astype(np.float64)
