"""The shape of the house: who may import whom, what `import rankkit` loads, and the names others rely on."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import rankkit as rk

PACKAGE = Path(rk.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# From the ground up; rooms on one line do not know each other.
FLOORS = (
    ("errors",),
    ("arrays", "threads"),
    ("domains", "functions"),
    ("heads",),
    ("certificates", "datasets"),
    ("spectra", "reach", "learn", "torch"),
    ("ranks",),
    ("matrices",),
    ("theorems", "figures"),
    ("report",),
    ("cli",),
    ("__main__",),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

HEAVY = {"scipy", "sympy", "matplotlib", "highspy", "flint", "onnx", "onnxruntime"}
HEAVY |= {"PIL", "rich", "typer", "jinja2", "torch"}


def imports(source: str, module: str) -> Iterator[str]:
    """Yield the full name of every module that the source of ``module`` imports, at any depth."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*parents, *filter(None, [node.module])])
            yield base
            # `from rankkit import heads` names a room by the imported name.
            yield from (f"{base}.{alias.name}" for alias in node.names if base == "rankkit")


def room_of(module: str) -> str | None:
    """The room of a module of rankkit, None for the package itself and for other packages."""
    parts = module.split(".")
    return parts[1] if parts[0] == "rankkit" and len(parts) > 1 else None


def upward(source: str, module: str) -> list[str]:
    """What a module imports although it is not below its room."""
    room = room_of(module)
    asked = {room_of(name) for name in imports(source, module)}
    rooms = {rk._HOME.get(name or "", name) for name in asked} - {None, room, "__version__"}
    return sorted(other for other in rooms if other not in FLOOR or FLOOR[other] >= FLOOR[room or ""])


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts if parts[-1] != "__init__" else (*parts[:-1], "__init__"))


def test_every_room_has_a_floor():
    rooms = {room_of(module_name(path)) for path in FILES} - {None, "__init__"}
    assert rooms <= set(FLOOR), "give the new room a floor in this test and in CONTRIBUTING.md"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_room_imports_only_rooms_below_it(path):
    if path != PACKAGE / "__init__.py":
        assert upward(path.read_text(encoding="utf-8"), module_name(path)) == []


@pytest.mark.parametrize(
    "source",
    [
        "from rankkit.report import write_report",
        "import rankkit.cli",
        "from rankkit import ranks",
        "from rankkit import rank_bounds",
        "def later():\n    from rankkit.reach import argmaxable",
        "from ..figures import spectrum",
        "from rankkit import newcomer",
    ],
)
def test_the_import_test_sees_an_upward_import(source):
    assert upward(source, "rankkit.spectra.spectrum") != []


def test_the_import_test_allows_what_lies_below():
    lines = (
        "import numpy",
        "from rankkit import arrays, Head",
        "from rankkit.spectra.rules import rule",
        "from .. import heads",
    )
    assert upward("\n".join(lines), "rankkit.spectra.spectrum") == []


def test_the_checker_stands_alone():
    """It must be readable and runnable without the code whose certificates it judges."""
    allowed = {"numpy", *sys.stdlib_module_names}
    checker = [path for path in FILES if module_name(path).startswith("rankkit.certificates.checker")]
    assert checker
    for path in checker:
        for name in imports(path.read_text(encoding="utf-8"), module_name(path)):
            own = name.startswith("rankkit.certificates.checker")
            assert own or name.partition(".")[0] in allowed, f"{path.name} imports {name}"


def test_torch_is_imported_by_its_own_room_only():
    for path in FILES:
        tops = {
            name.partition(".")[0] for name in imports(path.read_text(encoding="utf-8"), module_name(path))
        }
        assert "torch" not in tops or room_of(module_name(path)) == "torch", path


def test_importing_rankkit_loads_numpy_only():
    code = f"import sys, rankkit; print(*sorted(set(sys.modules) & set({HEAVY!r})))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert loaded == []


def test_nothing_below_the_doors_prints():
    for path in FILES:
        below = FLOOR.get(room_of(module_name(path)) or "", 0) < FLOOR["report"]
        if below and path.name != "__main__.py":
            calls = (
                node
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Call)
            )
            printed = [
                call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"
            ]
            assert not printed, f"{path} prints in lines {printed}"


@pytest.mark.parametrize("name", rk.__all__)
def test_every_public_name_is_there(name):
    assert getattr(rk, name) is not None
    assert name in dir(rk)


def test_the_list_of_names_for_type_checkers_is_the_one_that_is_loaded():
    assert set(rk.__all__) == {"__version__", *rk._HOME, *rk._MODULES}


def test_the_public_surface_is_kept():
    """Benchmarks, notebooks and other people's code use these names."""
    names = """
        Head LowRankLogits MixtureOfSoftmaxes load_head log_probs InputError LoadError
        datasets.available datasets.load datasets.fetch datasets.contexts
        MonotoneFunction PointwiseFunction functions.Identity functions.Polynomial functions.Exp
        functions.SigSoftmax functions.GSS functions.PLIF functions.SoftCap functions.LeakyReLU
        spectrum rank_bounds rank_gain argmaxable domains.Free
        domains.Box domains.NonNegative domains.AtLeast
        check Witness Combination Minor GenericMinor Monomials
        theorems.get theorems.all figures.rank_gain figures.spectrum write_report
    """
    for name in names.split():
        thing: object = rk
        for part in name.split("."):
            thing = getattr(thing, part)
        assert callable(thing) or isinstance(thing, type), name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'rank_bound'"):
        rk.rank_bound  # noqa: B018


def test_results_refuse_to_be_truth_values_and_arrays_to_be_written():
    head = rk.Head(np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]]))
    report = rk.argmaxable(head)
    with pytest.raises(TypeError):
        bool(report)
    with pytest.raises(TypeError):
        bool(rk.rank_bounds(head.logits(np.eye(2))))
    for array in (head.W, report.argmaxable, rk.spectrum(head.W).values):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
