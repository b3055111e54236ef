"""The fits of a study, one after another or side by side, with a journal that survives a kill."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from hashlib import sha256
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from rankkit.learn.bounds import entropy_bound, spectral_bounds
from rankkit.learn.fitting import fit
from rankkit.learn.objective import Target
from rankkit.learn.result import FitResult


@dataclass(frozen=True, eq=False)
class Job:
    """One fit of a study: all that another process needs."""

    target: Target
    held_out: Any
    head: str
    options: Mapping[str, Any]
    d: int
    steps: int
    restarts: int
    seed: int

    def __call__(self) -> dict[str, float]:
        result = fit(
            self.target.P, self.head, self.d, self.seed, weights=self.target.weights, steps=self.steps,
            restarts=self.restarts, **self.options,
        )  # fmt: skip
        figures = {
            "kl": result.kl,
            "mode_match": result.mode_match,
            "rank": float((result.spectrum > 1e-10 * result.spectrum[0]).sum()),
            "seconds_per_step": result.seconds_per_step,
        }
        if self.held_out is not None:
            figures["held_out"] = result.cross_entropy_of(self.held_out)
        if self.head == "linear" and np.ptp(self.target.weights) == 0:
            figures |= self._floors(result)
        return figures

    def _floors(self, result: FitResult) -> dict[str, float]:
        """Bounds on the divergence of linear heads, where their hypotheses hold."""
        P, bias = self.target.P, self.options["bias"]
        logits = result.head.logits(result.H).dense()
        centred = logits - logits.mean(axis=1, keepdims=True)
        values = np.linalg.svd(centred, compute_uv=False)[: self.d + bias]
        found = {"entropy_floor": entropy_bound(P, values, start=logits, steps=200).lower}
        if (P > 0).all():
            found["spectral_floor"] = spectral_bounds(P, self.d, bias).lower
        return found

    @property
    def key(self) -> str:
        """What a journal knows this fit by."""
        content = sha256(self.target.P.tobytes() + self.target.weights.tobytes())
        if self.held_out is not None:
            content.update(self.held_out.toarray().tobytes())
        recipe = [self.head, dict(self.options), self.d, self.steps, self.restarts, self.seed]
        content.update(json.dumps(recipe, sort_keys=True).encode())
        return content.hexdigest()


def run_all(
    jobs: Sequence[Job],
    journal: str | PathLike[str] | None,
    executor: Executor | None,
    progress: Callable[[int, int], None] | None,
) -> dict[str, dict[str, float]]:
    """Return the figures of every job by its key, from the journal or by fitting."""
    done: dict[str, dict[str, float]] = {}
    if journal is not None and Path(journal).exists():
        for line in Path(journal).read_text(encoding="utf-8").splitlines():
            try:
                done |= json.loads(line)
            except ValueError:  # empty, or what a killed run was writing
                continue
    waiting = {job.key: job for job in jobs}
    left = [(key, job) for key, job in waiting.items() if key not in done]
    results = (executor.map if executor else map)(_called, [job for _, job in left])
    for i, ((key, _), found) in enumerate(zip(left, results, strict=True)):
        done[key] = found
        if journal is not None:
            with open(journal, "a", encoding="utf-8") as file:
                file.write("\n" + json.dumps({key: found}))  # a line cut short stays alone
        if progress is not None:
            progress(len(waiting) - len(left) + i + 1, len(waiting))
    return done


def _called(job: Job) -> dict[str, float]:
    return job()
