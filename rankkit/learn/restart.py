"""One random start of a fit, or one continuation: what an executor runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from rankkit import threads
from rankkit.arrays import FloatArray
from rankkit.learn.heads import Model
from rankkit.learn.heads.linear import Linear
from rankkit.learn.objective import Target
from rankkit.learn.optimise import Run, loss_and_gradient, minimise

#: One step in so many goes to the linear head that a monotone head starts from: more is lost on a basin that
#: is good for the linear head, with fewer the learned slopes wander.
LINEAR_SHARE = 10

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

    def __call__(self, progress: Progress) -> Run:
        """Fit from a random start."""
        with threads.suited_to(self.target.P.size):
            return self._fit(progress)

    def _fit(self, progress: Progress) -> Run:
        rng = np.random.default_rng(self.seed)
        if not self.model.starts_linear:
            start = self._random(self.model, rng)
            return self._minimise(self.model, start, self.steps, lambda n: progress(n, self.steps))
        straight, first = Linear(bias=self.model.bias), -(-self.steps // LINEAR_SHARE)
        start = self._random(straight, rng)
        linear = self._minimise(straight, start, first, lambda n: progress(n, self.steps))
        if first == self.steps:
            return replace(linear, arrays=self._from_linear(linear, rng))
        # a function that is far from a line where the linear logits are starts better at random
        starts = self._from_linear(linear, rng), self._random(self.model, rng)
        start = min(starts, key=self._loss)
        watch = lambda n: progress(first + n, self.steps)  # noqa: E731
        return _joined(linear, self._minimise(self.model, start, self.steps - first, watch))

    def go_on(self, before: Run, model: Model, progress: Progress) -> Run:
        """Continue a run of ``model``: of this head, of one that it contains, or of the linear one."""
        start = self.model.take_over(model, before.arrays)
        if start is None:
            start = self._from_linear(before, np.random.default_rng(self.seed))
        watch = lambda n: progress(n, self.steps)  # noqa: E731
        with threads.suited_to(self.target.P.size):
            return _joined(before, self._minimise(self.model, start, self.steps, watch))

    def _minimise(
        self, model: Model, start: dict[str, FloatArray], steps: int, watch: Callable[[int], None]
    ) -> Run:
        return minimise(model, self.target, start, steps, self.tolerance, watch)

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
