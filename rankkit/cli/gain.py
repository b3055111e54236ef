"""``rankkit gain``: how much rank each function family adds to the linear head, level by level."""

from __future__ import annotations

from rankkit.cli import heads, output


def gain(
    head: heads.HeadArgument = heads.DEFAULT,
    contexts: heads.ContextsFile = None,
    weight: heads.Weight = None,
    bias: heads.Bias = None,
    transpose: heads.Transpose = False,
    seed: heads.Seed = 0,
    as_json: heads.Json = False,
) -> None:
    """Measure the rank that each family adds, next to its proved bound."""
    from rankkit.ranks import rank_gain

    loaded = heads.resolve(head, weight, bias, transpose)
    used = heads.contexts(loaded, head, contexts, seed)
    with output.progress(quiet=as_json) as show:
        measured = rank_gain(loaded.logits(used.H), seed=seed, progress=output.stage(show, "rank gain"))
    if as_json:
        output.print_json({"head": loaded.name, "contexts": used.how, "rows": measured.rows()})
        return
    console = output.console()
    console.print(f"{loaded}\nContexts: {used.how}", soft_wrap=True)
    output.print_gain(console, measured)
