"""``rankkit fit``: what each head reaches on a truth: drawn, counted in a text, or from a file."""

from __future__ import annotations

import warnings
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rankkit.cli import heads, output
from rankkit.errors import InputError

if TYPE_CHECKING:
    from rankkit.learn import Cell, Study


def fit(
    target: Annotated[
        Path | None, typer.Argument(help="A file with target distributions, one context a row.")
    ] = None,
    synthetic: Annotated[bool, typer.Option("--synthetic", help="Draw Dirichlet truths instead.")] = False,
    text: Annotated[
        str | None, typer.Option("--text", help="Count next words of this text instead, such as sotu.")
    ] = None,
    head: Annotated[
        list[str] | None,
        typer.Option("--head", help="A head to fit, such as lms-plif, or all; may be given several times."),
    ] = None,
    width: Annotated[
        list[int] | None,
        typer.Option("--width", "-d", help="Width of the linear head; several times for several."),
    ] = None,
    equal: Annotated[
        list[str] | None,
        typer.Option("--equal", help="What heads have in common with it: width, parameters (default: both)."),
    ] = None,
    alpha: Annotated[
        list[float] | None, typer.Option("--alpha", help="Concentration of synthetic truths.")
    ] = None,
    contexts: Annotated[
        int | None,
        typer.Option("--contexts", help="Contexts (default 60; of a text, 200)."),
    ] = None,
    classes: Annotated[
        int | None,
        typer.Option("--classes", help="Classes (default 40; of a text, 300)."),
    ] = None,
    order: Annotated[int, typer.Option("--order", help="n of a text's n-grams.")] = 2,
    truths: Annotated[int, typer.Option("--truths", help="Synthetic truths of each concentration.")] = 3,
    seeds: Annotated[
        int | None,
        typer.Option("--seeds", help="Fits of each truth (default 1, of a single truth 3)."),
    ] = None,
    steps: Annotated[int, typer.Option("--steps", help="L-BFGS steps of a fit at most.")] = 800,
    restarts: Annotated[int, typer.Option("--restarts", help="Random starts; the best is kept.")] = 1,
    jobs: Annotated[int, typer.Option("--jobs", help="Processes.")] = 1,
    journal: Annotated[
        Path | None,
        typer.Option("--journal", help="Keep the figures of every fit here; go on from them."),
    ] = None,
    seed: heads.Seed = 0,
    as_json: heads.Json = False,
) -> None:
    """Fit heads to target distributions, and compare divergence, modes, size and time."""
    from rankkit import learn

    if [synthetic, text is not None, target is not None].count(True) != 1:
        raise InputError("wanted one of: a file with target distributions, --synthetic, --text NAME")
    kinds: dict[str, list[Any]]
    if text is not None:
        kinds = {text: [learn.text_truth(text, order, contexts or 200, classes or 300)]}
    elif target is not None:
        kinds = {target.name: [_read(target)]}
    else:
        drawn = learn.synthetic_truths(contexts or 60, classes or 40, alpha or [0.1, 1.0], truths, seed)
        kinds = dict(drawn)
    with (
        output.progress(quiet=as_json) as show,
        ProcessPoolExecutor(jobs) if jobs > 1 else nullcontext() as pool,
    ):
        study = learn.compare(
            kinds,
            tuple(learn.HEADS) if head == ["all"] else head or learn.COMPARED,
            width or [2, 5],
            seed,
            equal=equal or learn.EQUAL,
            seeds=seeds or (1 if synthetic else 3),
            steps=steps,
            restarts=restarts,
            journal=journal,
            executor=pool,
            progress=output.stage(show, "fitting"),
        )
    if as_json:
        claims = [vars(claim) for claim in study.claims()]
        output.print_json({"truths": study.truths, "steps": steps, "rows": study.rows(), "claims": claims})
    else:
        _print(study)


def _read(path: Path) -> Any:
    from rankkit.heads import load_head

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a matrix of distributions may well be wide
        return load_head(path, bias=False).W


def _print(study: Study) -> None:
    console = output.console()
    several = study.truths * study.seeds > 1
    over = f"{study.truths} truths" if study.truths > 1 else f"{study.seeds} seeds"
    console.print(
        (f"Means ± standard deviations over {over}" if several else "One fit each")
        + f"; at most {study.steps:,} steps a fit."
    )
    for equal in dict.fromkeys(cell.equal for cell in study.cells):
        shown = [cell for cell in study.cells if cell.equal == equal]
        what = "as wide" if equal == "width" else "with at most as many parameters"
        console.print(f"\nHeads {what} as the linear head of width d:")
        console.print(_table(shown, several))
    floors = [(c.truth, c.d, c.kl, *_floors(c)) for c in study.cells if c.entropy_floor is not None]
    if floors:
        console.print(
            "\nWhat no linear head gets below: one of this width (spectral bound), one whose logits"
        )
        console.print("have at most the singular values of those fitted (entropy bound):")
        rows = [(truth, d, f"{kl:.4f}", *bounds) for truth, d, kl, *bounds in dict.fromkeys(floors)]
        console.print(output.table(("truth", "d", "KL of linear", "spectral bound", "entropy bound"), rows))
    claims = study.claims()
    if claims:
        console.print("\nWhat is said of these heads, and whether these truths agree:")
        rows = [
            (c.says, c.truth, c.equal, c.width, "yes" if c.holds else "NO", _figures(c.figures))
            for c in claims
        ]
        console.print(output.table(("claim", "truth", "equal", "d", "holds", "figures"), rows))


def _table(cells: list[Cell], several: bool) -> output.Sheet:
    held_out = any(cell.held_out is not None for cell in cells)
    names = ["truth", "d", "head", "its width", "KL in nats", "modes", "rank", "parameters", "ms a step"]
    rows = [
        [
            c.truth,
            c.width,
            c.head,
            c.d,
            f"{c.kl:.4f}" + (f" ± {c.kl_sd:.4f}" if several else ""),
            f"{c.mode_match:.0%}" + (f" ± {c.mode_match_sd:.0%}" if several else ""),
            c.rank,
            c.parameters,
            f"{1e3 * c.seconds_per_step:.2f}",
            *([f"{c.held_out:.3f}" + (f" ± {c.held_out_sd:.3f}" if several else "")] if held_out else []),
        ]
        for c in cells
    ]
    return output.table((*names, *(["nats a held-out word"] if held_out else [])), rows)


def _floors(cell: Cell) -> tuple[str, str]:
    spectral = "-" if cell.spectral_floor is None else f"{cell.spectral_floor:.2g}"
    return spectral, "-" if cell.entropy_floor is None else f"{max(0.0, cell.entropy_floor):.4f}"


def _figures(figures: tuple[float, ...]) -> str:
    return ", ".join(f"{x:.4g}" for x in figures)
