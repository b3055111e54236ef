"""What each head reaches on Dirichlet truths: divergence, modes and time, beside reference figures."""

from __future__ import annotations

import argparse

import numpy as np

import rankkit as rk

CONTEXTS, CLASSES = 100, 50

HEADS = {
    "linear": ("linear", {}),
    "SigSoftmax": ("sigsoftmax", {}),
    "PLIF K=20": ("lms-plif", {"segments": 20}),
    "PLIF K=200": ("lms-plif", {"segments": 200}),
    "MoS 2": ("mos", {"components": 2}),
    "MoS 3": ("mos", {"components": 3}),
}

# (alpha, d) -> KL of each head in nats: 600 L-BFGS steps from random starts, best of two, no bias, one truth.
REFERENCE = {
    (0.1, 2): (1.324, 1.324, 1.200, 1.124, 0.887, 0.680),
    (0.1, 5): (0.840, 0.834, 0.615, 0.571, 0.372, 0.201),
    (0.1, 10): (0.336, 0.336, 0.305, 0.233, 0.064, 0.011),
    (1.0, 2): (0.362, 0.363, 0.340, 0.333, 0.303, 0.263),
    (1.0, 5): (0.300, 0.301, 0.260, 0.240, 0.181, 0.122),
    (1.0, 10): (0.212, 0.212, 0.168, 0.154, 0.073, 0.021),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1200, help="L-BFGS steps of every fit (default 1200)")
    parser.add_argument("--restarts", type=int, default=4, help="random starts, the best is kept (default 4)")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    truths = {alpha: rk.learn.dirichlet(CONTEXTS, CLASSES, alpha, rng) for alpha in (0.1, 1.0)}
    print(f"{CONTEXTS} contexts x {CLASSES} classes, {arguments.steps} steps, best of {arguments.restarts}")
    print("alpha  d  head          KL  reference  ratio  modes  parameters  ms a step")
    worst = 0.0
    for (alpha, d), references in REFERENCE.items():
        for (name, (head, options)), reference in zip(HEADS.items(), references, strict=True):
            effort = {"steps": arguments.steps, "restarts": arguments.restarts}
            result = rk.learn.fit(truths[alpha], head, d=d, bias=False, **effort, **options)
            ratio = result.kl / reference
            worst = max(worst, ratio)
            print(
                f"{alpha:<5} {d:>2}  {name:<10}  {result.kl:.3f}  {reference:9.3f}  {ratio:5.2f}  "
                f"{result.mode_match:5.0%}  {result.parameters:10,}  {1e3 * result.seconds_per_step:9.2f}",
                flush=True,
            )
    print(f"largest KL over the reference: {worst:.3f}")


if __name__ == "__main__":
    main()
