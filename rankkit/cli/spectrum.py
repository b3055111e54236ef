"""``rankkit spectrum``: singular values with their noise floor, and the ranks that rules read off them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rankkit.cli import heads, output

if TYPE_CHECKING:
    from rankkit.arrays import Array
    from rankkit.heads import LowRankLogits

#: What the command can take the singular values of.
SUBJECTS = ("weights", "logits", "log-probs", "centred")

#: Entries up to which the matrix is rounded to other precisions, to count what stays visible.
VISIBLE_ENTRIES = 5_000_000


def spectrum(
    head: heads.HeadArgument = heads.DEFAULT,
    of: Annotated[str, typer.Option("--of", help=f"One of {', '.join(SUBJECTS)}.")] = "weights",
    rule: Annotated[str, typer.Option("--rule", help="Tolerance rule of the numerical rank.")] = "numpy",
    numbers: Annotated[
        bool, typer.Option("--numbers", help="Print every rank and effective rank that people read off it.")
    ] = False,
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
    from rankkit.spectra import crosswalk, visible_ranks
    from rankkit.spectra import spectrum as measure

    if of not in SUBJECTS:
        raise InputError(f"--of is {of!r}; wanted one of {', '.join(SUBJECTS)}")
    loaded = heads.resolve(head, weight, bias, transpose)
    if of == "weights":
        how, precision = "the weights as stored", "float64"
        matrix: Array | LowRankLogits = loaded.W
    else:
        used = heads.contexts(loaded, head, contexts, seed)
        how, precision = used.how, None
        matrix = loaded.logits(used.H)
    f, center = Identity() if of == "log-probs" else None, "classes" if of == "centred" else None
    s = measure(matrix, f, center, precision=precision)
    result: dict[str, Any] = {
        "head": loaded.name, "of": of, "contexts": how, "shape": s.shape, "method": s.method,
        "noise_floor": s.noise_floor, "rule": rule, "tolerance": s.tolerance(rule),
        "numerical_rank": s.numerical_rank(rule), "gap_rank": s.gap_rank, "stable_rank": s.stable_rank,
        "rankme": s.effective_rank("rankme"), "values": s.values,
    }  # fmt: skip
    if numbers:
        small = s.shape[0] * s.shape[1] <= VISIBLE_ENTRIES
        visible = visible_ranks(matrix, f, center, precision=precision) if small else []
        result["numbers"] = crosswalk(s, visible).rows()
    if as_json:
        output.print_json(result)
        return
    result["values"] = ", ".join(f"{v:.4g}" for v in s.values[:6]) + (" ..." if len(s.values) > 6 else "")
    table = result.pop("numbers", [])
    console = output.console()
    console.print(output.facts(result))
    if table:
        columns = ("number", "value", "above", "noise", "rule", "used by")
        console.print()
        console.print(output.table(columns, [_row(reading) for reading in table]))


def _row(reading: dict[str, Any]) -> tuple[str, ...]:
    value, tolerance, noise = reading["value"], reading["tolerance"], reading["noise"]
    return (
        reading["name"],
        "none" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.5g}",
        "" if tolerance is None else f"{tolerance:.2e}".replace("e+", "e"),
        f"{noise:,}" if noise else "",
        reading["rule"],
        reading["used_by"],
    )
