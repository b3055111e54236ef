"""Compare every head on drawn truths and on a real text, and write docs/heads.md.

Run it as ``python benchmarks/learn_study.py --write docs/heads.md --journal study.jsonl``: killed, it goes on
from the journal. It takes some twenty minutes of CPU; the text wants ``rankkit datasets fetch sotu``.
"""

from __future__ import annotations

import argparse
import platform
import sys
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path

import rankkit as rk
from rankkit.learn import HEADS, Cell, Study, compare, facts, synthetic_truths, text_truth

SHAPES = ((60, 40), (120, 80))
ALPHAS = (0.1, 1.0)
WIDTHS = (2, 5, 10)
TEXT_WIDTHS = (5, 20)
STEPS = 500

HEADER = """# Heads compared

Every head that `rankkit.learn.fit` knows: what it is before it learns anything, and what it reached on truths
that are known. *Modes* is the share of contexts whose likeliest class was matched, *rank* the number of
singular values of the learned log P, row means removed, above 1e-10 of the largest. KL is in nats; after ±
stands the standard deviation.

## What is known before

For {contexts:,} contexts, {classes:,} classes and states of width {d}, with bias. *Multiplications* are
those of matrix products for one context, *values* those of exp, tanh and the head's function. *Dimension*
bounds the set of all predictions of the head, where the truth has {whole:,}: a function on the logits lifts
the rank, and hardly the dimension. *Can win* says which classes can be the likeliest: none inside the hull of
the others (of their weights and biases) ever is under a linear head, nor under a mixture of softmaxes.
"""

TEXT = """## A real text

Which word follows which in the addresses on the state of the union: the most frequent contexts and words,
rarer words as one more. Contexts weigh by how often they were seen. Every tenth address is held out; *held
out* is the cross-entropy of its words after these contexts, in nats. Three seeds. Nothing is added to zero
counts, so a head that follows them closely can do worse on words held out.
"""

CLAIMS = """## What is said of these heads

*Between*: no worse than the one and no better than the other. *Next to nothing*: within 2 % of the divergence
of the linear head. Figures are means, so that a claim can fail by less than the spread.
"""

ORDER = {
    "LINEAR": "as a linear head",
    "CONVEX": "no class inside the hull",
    "PARTS": "none inside its part's hull",
    "FREE": "any",
    "REORDERED": "as f orders logits",
}


def known(contexts: int, classes: int, d: int) -> list[str]:
    """Return the table of facts."""
    out = [
        "| head | parameters | per context | multiplications | values | rank at most | dimension | can win |",
        "|---|---:|---:|---:|---:|---|---:|---|",
    ]
    for head in HEADS:
        f = facts(head, contexts, classes, d)
        rank = f"{f.rank:,}" + (" (attained)" if f.attained else "")
        out.append(
            f"| {head} | {f.parameters:,} | {f.per_context:,} | {f.multiplications:,} | {f.evaluations:,} "
            f"| {rank} | {f.dimension:,} | {ORDER[f.order.name]} |"
        )
    return out


def table(cells: list[Cell]) -> list[str]:
    """Return one table of figures: a row a head, two columns a width."""
    widths = list(dict.fromkeys(cell.width for cell in cells))
    held_out = cells[0].held_out is not None
    per_width = ["KL", "modes", "rank", *(["held out"] if held_out else [])]
    out = [
        "| head | " + " | ".join(f"d = {w}: {name}" for w in widths for name in per_width) + " |",
        "|---|" + "---:|" * len(widths) * len(per_width),
    ]
    for head in dict.fromkeys(cell.head for cell in cells):
        row = [head]
        for width in widths:
            (c,) = (cell for cell in cells if (cell.head, cell.width) == (head, width))
            own = "" if c.d == width else f" (d = {c.d})"
            row += [
                f"{c.kl:.3f} ± {c.kl_sd:.3f}{own}",
                f"{c.mode_match:.0%} ± {c.mode_match_sd:.0%}",
                str(c.rank),
            ]
            if held_out:
                row.append(f"{c.held_out:.3f} ± {c.held_out_sd:.3f}")
        out.append("| " + " | ".join(row) + " |")
    return out


def tables(study: Study) -> list[str]:
    """Return all tables of a study, and what no linear head gets below."""
    out = []
    for truth in dict.fromkeys(cell.truth for cell in study.cells):
        out += [f"### {truth}\n"]
        for equal, says in (("width", "As wide:"), ("parameters", "With at most as many parameters:")):
            cells = [c for c in study.cells if (c.truth, c.equal) == (truth, equal)]
            out += [f"{says}\n", *table(cells), ""]
            floors = [
                f"d = {c.width}: {max(0.0, c.entropy_floor):.3f} of {c.kl:.3f}"
                for c in cells
                if equal == "width" and c.entropy_floor is not None
            ]
            if floors:
                out.append(
                    "No linear head whose logits have at most the singular values of those fitted gets below "
                    f"(entropy bound of KL reached): {'; '.join(floors)}.\n"
                )
    return out


def verdicts(studies: list[Study]) -> list[str]:
    """Return the claims with how often they hold, and where they fail."""
    claims = [claim for study in studies for claim in study.claims()]
    out = ["| claim | equal | holds | fails at |", "|---|---|---:|---|"]
    for says, equal in dict.fromkeys((c.says, c.equal) for c in claims):
        same = [c for c in claims if (c.says, c.equal) == (says, equal)]
        failed = [f"{c.truth}, d = {c.width}" for c in same if not c.holds]
        shown = "; ".join(failed[:4]) + (f" and {len(failed) - 4} more" if len(failed) > 4 else "")
        out.append(f"| {says} | {equal} | {len(same) - len(failed)} of {len(same)} | {shown or 'nowhere'} |")
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="where to write the page (default: print it)")
    parser.add_argument("--journal", type=Path, help="keeps every fit; a run that was killed goes on from it")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default 1)")
    options = parser.parse_args()
    drawn = {
        f"{contexts} contexts x {classes} classes, {name}": truths
        for contexts, classes in SHAPES
        for name, truths in synthetic_truths(contexts, classes, ALPHAS, truths=3).items()
    }
    text = {"next words, 200 contexts x 301 words": [text_truth("sotu", contexts=200, words=300)]}

    def show(done: int, total: int) -> None:
        print(f"\r{done} of {total} fits", end="", file=sys.stderr)

    with ProcessPoolExecutor(options.jobs) as pool:
        how = {"steps": STEPS, "journal": options.journal, "executor": pool, "progress": show}
        synthetic = compare(drawn, tuple(HEADS), WIDTHS, **how)
        real = compare(text, tuple(HEADS), TEXT_WIDTHS, seeds=3, **how)
    made = ", ".join(f"{package} {version(package)}" for package in ("numpy", "scipy"))
    shape = {"contexts": 10_000, "classes": 32_000, "d": 256}
    page = [
        HEADER.format(**shape, whole=shape["contexts"] * (shape["classes"] - 1)),
        *known(**shape),
        "",
        f"## Drawn truths\n\nThree Dirichlet truths each, {STEPS} L-BFGS steps for every head.\n",
        *tables(synthetic),
        TEXT,
        *tables(real),
        CLAIMS,
        *verdicts([synthetic, real]),
        "",
        f"Made by `benchmarks/learn_study.py` with rankkit {rk.__version__}, {made} on Python "
        f"{platform.python_version()}.\n",
    ]
    if options.write:
        options.write.write_text("\n".join(page), encoding="utf-8")
    else:
        print("\n".join(page))


if __name__ == "__main__":
    main()
