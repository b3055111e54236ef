"""One random start of a fit, or one continuation: what an executor runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rankkit import threads
from rankkit.arrays import FloatArray
from rankkit.learn.heads import Model
from rankkit.learn.heads.linear import Linear
from rankkit.learn.objective import Target
from rankkit.learn.optimise import Run, loss_and_gradient, minimise

#: Called with steps done and steps at most; raise StopIteration to stop early.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Restart:
    """All that another process needs to fit once."""

    model: Model
    target: Target
    d: int
    seed: tuple[int, int]
    steps: int
    tolerance: float

    @property
    def total(self) -> int:
        """Steps at most, those of a linear start included."""
        return self.steps * (1 + self.model.starts_linear)

    def __call__(self, progress: Progress) -> Run:
        """Fit from a random start."""
        with threads.suited_to(self.target.P.size):
            return self._fit(progress)

    def _fit(self, progress: Progress) -> Run:
        rng = np.random.default_rng(self.seed)
        if not self.model.starts_linear:
            return self._minimise(
                self.model, self._random(self.model, rng), lambda n: progress(n, self.total)
            )
        straight = Linear(bias=self.model.bias)
        linear = self._minimise(straight, self._random(straight, rng), lambda n: progress(n, self.total))
        # a function that is far from a line where the linear logits are starts better at random
        starts = self._from_linear(linear, rng), self._random(self.model, rng)
        watch = lambda n: progress(self.steps + n, self.total)  # noqa: E731
        return _joined(linear, self._minimise(self.model, min(starts, key=self._loss), watch))

    def go_on(self, before: Run, model: Model, progress: Progress) -> Run:
        """Continue a run of ``model``: of this head, or of the linear one."""
        same = model == self.model
        start = before.arrays if same else self._from_linear(before, np.random.default_rng(self.seed))
        with threads.suited_to(self.target.P.size):
            return _joined(before, self._minimise(self.model, start, lambda n: progress(n, self.steps)))

    def _minimise(self, model: Model, start: dict[str, FloatArray], watch: Callable[[int], None]) -> Run:
        return minimise(model, self.target, start, self.steps, self.tolerance, watch)

    def _random(self, model: Model, rng: np.random.Generator) -> dict[str, FloatArray]:
        return model.start(model.shapes(*self.target.shape, self.d), rng)

    def _from_linear(self, linear: Run, rng: np.random.Generator) -> dict[str, FloatArray]:
        return self.model.from_linear(linear.arrays, self.model.shapes(*self.target.shape, self.d), rng)

    def _loss(self, arrays: dict[str, FloatArray]) -> float:
        loss = loss_and_gradient(self.model, self.target, arrays)[0]
        return loss if np.isfinite(loss) else np.inf


def _joined(before: Run, after: Run) -> Run:
    history = np.concatenate([before.history, after.history[1:]])
    return Run(after.arrays, history, before.seconds + after.seconds, after.stopped)
