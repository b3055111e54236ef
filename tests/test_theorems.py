"""Every statement holds on its instances, and fails where a hypothesis is dropped."""

import re
from pathlib import Path

import pytest

import rankkit as rk
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
