"""Block Krylov spaces of X X^T: one pass over X a step, towards the leading singular vectors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rankkit.arrays import FloatArray


class Ritz(NamedTuple):
    """Eigenvalues of X X^T as a space sees them, descending: none exceeds the one of the same index.

    ``residuals`` are the norms of X X^T u less its multiple: some eigenvalue is that near. ``vectors`` are
    the coordinates of each u in the basis, which begins with the block that the space began with.
    """

    squares: FloatArray
    residuals: FloatArray
    vectors: FloatArray


class Krylov:
    """An orthonormal basis of a block Krylov space, and the operator in it."""

    def __init__(self, start: FloatArray) -> None:
        self.last, self.start = np.linalg.qr(start)
        self.basis = self.last
        self.projected = np.zeros((0, 0))
        self.coupling = np.zeros((0, 0))

    def grow(self, image: FloatArray) -> None:
        """Take the image of the last block."""
        old, block = len(self.projected), self.last.shape[1]
        if old:
            self.basis = np.hstack([self.basis, self.last])
        along = self.basis.T @ image
        image = image - self.basis @ along
        rest = self.basis.T @ image  # a second time: rounding leaves a little of the basis in what is new
        image -= self.basis @ rest
        projected = np.zeros((old + block, old + block))
        projected[:old, :old] = self.projected
        projected[:, old:] = along + rest
        projected[old:, :old] = projected[:old, old:].T
        self.projected = projected
        self.last, self.coupling = np.linalg.qr(image)
        self.last, again = np.linalg.qr(self.last - self.basis @ (self.basis.T @ self.last))
        self.coupling = again @ self.coupling

    def ritz(self) -> Ritz:
        """Return the eigenvalues of the operator in the basis."""
        block = self.last.shape[1]
        squares, vectors = np.linalg.eigh((self.projected + self.projected.T) / 2)
        squares, vectors = squares[::-1], vectors[:, ::-1]
        return Ritz(squares, np.linalg.norm(self.coupling @ vectors[-block:], axis=0), vectors)
