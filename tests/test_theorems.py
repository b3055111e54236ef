"""Every statement holds on its instances, and fails where a hypothesis is dropped."""

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import rankkit as rk
from rankkit.theorems import arrangement, convexity, exact_rank
from rankkit.theorems.statement import RELATIONS, Theorem

ROOT = Path(__file__).parent.parent
THEOREMS = rk.theorems.all()
every_theorem = pytest.mark.parametrize("theorem", THEOREMS, ids=lambda theorem: theorem.slug)


@every_theorem
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_holds(theorem, seed):
    result = theorem.verify(seed)
    assert result.holds, result.evidence


@every_theorem
def test_every_near_miss_breaks_the_statement(theorem):
    result = theorem.near_miss()
    assert result.cases
    assert not any(case.holds for case in result.cases), result.evidence
    assert [case.dropped for case in result.cases] == list(theorem.near_misses)


@every_theorem
def test_every_blank_of_the_form_is_filled(theorem):
    assert theorem.kind in RELATIONS
    assert theorem.topic in rk.theorems.TOPICS
    assert theorem.text.splitlines()[0] == theorem.title
    assert len(theorem.says.split()) > 10
    assert theorem.says.endswith(".")
    for part in ("$$", "*Proof.*", "*Near miss.*"):
        assert part in theorem.text
    assert len({str(x) for x in theorem.instances(0)}) > 1
    assert "\n" not in repr(theorem)


@every_theorem
def test_reference_is_in_the_bibliography(theorem):
    keys = re.findall(r"^@\w+\{(\w+),", (ROOT / "docs" / "references.bib").read_text(), re.MULTILINE)
    assert theorem.reference in [*keys, "rankkit"]


@every_theorem
def test_renders_as_markdown(theorem):
    page = theorem.to_markdown()
    assert page.startswith(f"({theorem.slug})=\n## {theorem.title}\n")
    assert page.count("$$") % 2 == 0
    assert theorem.says in page
    assert all(dropped in page for dropped in theorem.near_misses)


def test_a_statement_is_a_file():
    files = {path.stem.replace("_", "-") for path in (ROOT / "rankkit" / "theorems").glob("*.py")}
    helpers = {"--init--", "statement", "instances", "exact-rank", "convexity", "arrangement"}
    assert files - helpers == {theorem.slug for theorem in THEOREMS}


def test_get_by_name():
    assert rk.theorems.get("polynomial-rank").slug == "polynomial-rank"
    with pytest.raises(rk.InputError, match="did you mean log-softmax-rank"):
        rk.theorems.get("logsoftmax-rank")


def test_verification_tells_its_evidence():
    result = rk.theorems.get("monomial-bound").near_miss()
    assert "broken" in result.evidence
    assert result.rows()[0]["dropped"] == "the logits have no bias"
    with pytest.raises(TypeError, match=r"\.holds"):
        bool(result)


def test_a_false_statement_does_not_verify():
    true = rk.theorems.get("monomial-bound")
    false = Theorem(**{**vars(true), "predicts": lambda x: true.predicts(x) - 1})
    assert not false.verify().holds


def test_an_instance_outside_the_hypotheses_is_refused():
    true = rk.theorems.get("monomial-bound")
    confused = Theorem(**{**vars(true), "applies": lambda x: False})
    with pytest.raises(rk.InputError, match="does not meet"):
        confused.verify()
    with pytest.raises(rk.InputError, match="still meets"):
        Theorem(**{**vars(true), "applies": lambda x: True}).near_miss()


# The statements are no stronger than the arithmetic they are measured with: it is held against other systems.


def test_rank_agrees_with_sympy():
    import sympy

    rng = np.random.default_rng(0)
    for _ in range(20):
        n, m, d = rng.integers(1, 6, size=3)
        A = rng.integers(-3, 4, size=(n, d)) @ rng.integers(-3, 4, size=(d, m))
        thirds = [[Fraction(int(x), 3) for x in row] for row in A]
        assert exact_rank.rank(thirds) == exact_rank.rank(A) == sympy.Matrix(A).rank()
        assert exact_rank.modular_rank(A) == exact_rank.rank(A)


def test_log_softmax_rank_agrees_with_singular_values():
    rng = np.random.default_rng(0)
    for _ in range(200):
        n, m, d = rng.integers(1, 6, size=3)
        K = rng.integers(-2, 3, size=(n, d)) @ rng.integers(-1, 2, size=(d, m))
        floats = np.linalg.matrix_rank(rk.heads.log_softmax(K * np.log(2)), tol=1e-9)
        assert exact_rank.log_softmax_rank(K) == floats


def test_hulls_agree_with_qhull_and_linear_programs():
    from scipy.optimize import linprog
    from scipy.spatial import ConvexHull

    rng = np.random.default_rng(0)
    for d in (2, 3):
        points = rng.integers(-50, 51, size=(10, d))
        assert convexity.vertices(points) == tuple(sorted(int(i) for i in ConvexHull(points).vertices))
    for _ in range(20):
        first, second = rng.integers(-4, 5, size=(3, 2)), rng.integers(-4, 5, size=(4, 2))
        weights = np.vstack([np.hstack([first.T, -second.T]), [1] * 3 + [0] * 4, [0] * 3 + [1] * 4])
        program = linprog(np.zeros(7), A_eq=weights, b_eq=[0, 0, 1, 1])
        assert convexity.hulls_meet(first, second) == (program.status == 0)


def test_regions_agree_with_a_walk_around_the_circle():
    rng = np.random.default_rng(0)
    angles = np.linspace(0, 2 * np.pi, 20_000)
    states = np.column_stack([np.cos(angles), np.sin(angles)])
    for _ in range(10):
        normals = rng.integers(-5, 6, size=(6, 2))
        normals = normals[normals.any(axis=1)]
        signs = np.sign(states @ normals.T)
        met = len(np.unique(signs[(signs != 0).all(axis=1)], axis=0))
        assert arrangement.regions([[int(x) for x in normal] for normal in normals]) == met


@pytest.mark.parametrize(
    "slug", ["monomial-bound", "polynomial-rank", "biased-polynomial-rank", "analytic-rank"]
)
def test_rank_bounds_agree_with_the_statement(slug):
    theorem = rk.theorems.get(slug)
    for instance in theorem.instances(seed=3):
        if type(instance.f).__module__.startswith("rankkit.functions"):
            report = rk.rank_bounds(instance.logits, instance.f, subject="scores")
            assert report.lower == theorem.measure(instance) <= theorem.predicts(instance)
            assert report.upper >= theorem.measure(instance)
