"""``rankkit fit``: what each head reaches on a truth, drawn or from a file."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rankkit.cli import heads, output
from rankkit.errors import InputError

if TYPE_CHECKING:
    from rankkit.learn import Study


def fit(
    target: Annotated[
        Path | None, typer.Argument(help="A file with target distributions, one context a row.")
    ] = None,
    synthetic: Annotated[bool, typer.Option("--synthetic", help="Draw Dirichlet truths instead.")] = False,
    head: Annotated[
        list[str] | None,
        typer.Option("--head", help="A head to fit, such as lms-plif; may be given several times."),
    ] = None,
    width: Annotated[
        list[int] | None,
        typer.Option("--width", "-d", help="Width of the states; several times for several."),
    ] = None,
    alpha: Annotated[
        list[float] | None, typer.Option("--alpha", help="Concentration of synthetic truths.")
    ] = None,
    contexts: Annotated[int, typer.Option("--contexts", help="Contexts of synthetic truths.")] = 60,
    classes: Annotated[int, typer.Option("--classes", help="Classes of synthetic truths.")] = 40,
    truths: Annotated[int, typer.Option("--truths", help="Synthetic truths of each concentration.")] = 3,
    steps: Annotated[int, typer.Option("--steps", help="L-BFGS steps of a fit at most.")] = 800,
    restarts: Annotated[int, typer.Option("--restarts", help="Random starts; the best is kept.")] = 1,
    seed: heads.Seed = 0,
    as_json: heads.Json = False,
) -> None:
    """Fit heads to target distributions, and compare divergence, modes, size and time."""
    from rankkit import learn

    if synthetic == (target is not None):
        raise InputError("wanted either a file with target distributions or --synthetic")
    if target is None:
        drawn = learn.synthetic_truths(contexts, classes, alpha or [0.1, 1.0], truths, seed)
        kinds: dict[str, list[Any]] = dict(drawn)
    else:
        kinds = {target.name: [_read(target)]}
    with output.progress(quiet=as_json) as show:
        study = learn.compare(
            kinds,
            head or learn.COMPARED,
            width or [2, 5],
            seed,
            steps=steps,
            restarts=restarts,
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
    several = study.truths > 1
    names = ("truth", "d", "head", "KL in nats", "modes", "parameters", "ms a step", "linear of that size")
    rows = [
        (
            c.truth,
            c.d,
            c.head,
            f"{c.kl:.4f}" + (f" ± {c.kl_sd:.4f}" if several else ""),
            f"{c.mode_match:.0%}" + (f" ± {c.mode_match_sd:.0%}" if several else ""),
            c.parameters,
            f"{1e3 * c.seconds_per_step:.2f}",
            f"{c.linear_kl:.4f} (d = {c.linear_d})",
        )
        for c in study.cells
    ]
    spread = f"Means ± standard deviations over {study.truths} truths" if several else "One truth"
    console.print(f"{spread}; {study.steps:,} steps a fit.")
    console.print(output.table(names, rows))
    claims = study.claims()
    if claims:
        console.print("\nWhat is said of these heads, and whether these truths agree:")
        shown = [
            (c.says, c.truth, c.d, "yes" if c.holds else "NO", ", ".join(f"{x:.4g}" for x in c.figures))
            for c in claims
        ]
        console.print(output.table(("claim", "truth", "d", "holds", "figures"), shown))
