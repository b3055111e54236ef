"""``rankkit spectrum``: singular values with their noise floor, and the ranks that rules read off them."""

from __future__ import annotations

from typing import Annotated

import typer

from rankkit.cli import heads, output

#: What the command can take the singular values of.
SUBJECTS = ("weights", "logits", "log-probs", "centred")


def spectrum(
    head: heads.HeadArgument = heads.DEFAULT,
    of: Annotated[str, typer.Option("--of", help=f"One of {', '.join(SUBJECTS)}.")] = "weights",
    rule: Annotated[str, typer.Option("--rule", help="Tolerance rule of the numerical rank.")] = "numpy",
    contexts: heads.ContextsFile = None,
    weight: heads.Weight = None,
    bias: heads.Bias = None,
    transpose: heads.Transpose = False,
    seed: heads.Seed = 0,
    as_json: heads.Json = False,
) -> None:
    """Print the singular spectrum of the weights, the logits or the log-probabilities."""
    from rankkit.errors import InputError
    from rankkit.functions import Identity
    from rankkit.spectra import spectrum as measure

    if of not in SUBJECTS:
        raise InputError(f"--of is {of!r}; wanted one of {', '.join(SUBJECTS)}")
    loaded = heads.resolve(head, weight, bias, transpose)
    if of == "weights":
        how = "the weights as stored"
        s = measure(loaded.W, precision="float64")
    else:
        used = heads.contexts(loaded, head, contexts, seed)
        how = used.how
        f = Identity() if of == "log-probs" else None
        s = measure(loaded.logits(used.H), f, center="classes" if of == "centred" else None)
    result = {
        "head": loaded.name, "of": of, "contexts": how, "shape": s.shape, "method": s.method,
        "noise_floor": s.noise_floor, "rule": rule, "tolerance": s.tolerance(rule),
        "numerical_rank": s.numerical_rank(rule), "gap_rank": s.gap_rank, "stable_rank": s.stable_rank,
        "rankme": s.effective_rank("rankme"), "values": s.values,
    }  # fmt: skip
    if as_json:
        output.print_json(result)
        return
    result["values"] = ", ".join(f"{v:.4g}" for v in s.values[:6]) + (" ..." if len(s.values) > 6 else "")
    output.console().print(output.facts(result))
