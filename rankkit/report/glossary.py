"""The words of the page: each number links to one of these definitions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A word and what it means here, for a person who has never read the papers."""

    title: str
    definition: str


TERMS: dict[str, Term] = {
    "class": Term(
        "Class",
        "One of the outcomes the head chooses between: a character, a token, a label.",
    ),
    "width": Term(
        "Width d",
        "How many numbers the state has that the head reads. One row of W has d entries.",
    ),
    "bias": Term(
        "Bias",
        "One number per class that is added to its logit in every context.",
    ),
    "context": Term(
        "Context",
        "One input as the head sees it: the state h, a vector of d numbers. Real contexts come from "
        "running the network; drawn ones are random.",
    ),
    "logit": Term(
        "Logit",
        "The score of a class in a context, w·h + b. The softmax turns scores into probabilities.",
    ),
    "log-probability": Term(
        "Log-probability",
        "The logarithm of a softmax probability: the logit less one number per context, the logarithm "
        "of the sum of all exponentiated logits (the normaliser).",
    ),
    "centred": Term(
        "Centred",
        "Each context's mean over the classes is taken away. The normaliser is one number per "
        "context, so it goes too: centred logits and centred log-probabilities are the same matrix.",
    ),
    "rank": Term(
        "Rank",
        "How many independent directions a table of numbers has: the number of rows you need so that "
        "every other row is a weighted sum of them.",
    ),
    "exact-rank": Term(
        "Exact rank",
        "The rank of the real numbers themselves, without any tolerance. It is known when a proved "
        "lower bound and a proved upper bound meet.",
    ),
    "lower-bound": Term(
        "Proved lower bound",
        "A rank that is certainly reached: a square part of the table was shown to be invertible in "
        "exact or ball arithmetic (a minor).",
    ),
    "upper-bound": Term(
        "Proved upper bound",
        "A rank that is certainly not exceeded, from counting: the sides of the table, or the "
        "monomials a function of a d-wide state can make.",
    ),
    "float64-count": Term(
        "float64 count",
        "What a computer prints as the rank: how many singular values exceed a tolerance. It depends "
        "on the tolerance and is not a proof; it may lie below a proved lower bound.",
    ),
    "singular-value": Term(
        "Singular value",
        "The strength of one independent direction of a table, largest first. A rank of r means that "
        "exactly r of them are not zero.",
    ),
    "tolerance": Term(
        "Tolerance",
        "The value below which a singular value is counted as zero. Each rule sets it differently, so "
        "it is always named next to the count.",
    ),
    "noise-floor": Term(
        "Noise floor",
        "Singular values at or below this can be made by rounding alone. They are not data and are "
        "never drawn.",
    ),
    "never-wins": Term(
        "Can never win",
        "No state whatsoever makes this class the strictly most probable one (unargmaxable). Its row "
        "is a weighted average of other rows whose average bias is no smaller (it lies in their convex "
        "hull), so some other class always does at least as well.",
    ),
    "cluster": Term(
        "Cluster",
        "Classes whose rows all but coincide. Training moves the row of a class that it sees, so rows that "
        "stay together are likely those of classes that it hardly saw. That is a reading, not a proof.",
    ),
    "can-win": Term(
        "Can win",
        "There is a state at which this class beats every other one; the certificate is such a state.",
    ),
    "ties": Term(
        "Ties",
        "Another class has exactly the same row and bias, so the two always have the same "
        "probability: neither can win alone.",
    ),
    "undecided": Term(
        "Undecided",
        "No certificate was found in either direction. A solver's word alone is not a verdict, so "
        "none is given.",
    ),
    "certificate": Term(
        "Certificate",
        "The reason for a verdict in a form that somebody else can check with exact arithmetic, "
        "without trusting the program that found it.",
    ),
    "norm": Term(
        "Norm",
        "The length of a class's row: the root of the sum of its squared entries.",
    ),
    "cosine": Term(
        "Cosine with the mean row",
        "How far a row points along the average of all rows: 1 is the same direction, 0 a right angle.",
    ),
    "family": Term(
        "Function family",
        "A function applied to every logit before the softmax, to give the head more rank; identity "
        "is the ordinary head. A mixture of softmaxes (MoS) mixes several distributions instead.",
    ),
    "level": Term(
        "Level",
        "At level ε a singular value counts when it exceeds ε times the largest one. Coarse levels "
        "show what a model could use, fine ones only what high precision can see.",
    ),
    "rank-gain": Term(
        "Rank gain",
        "The rank at a level with the function, less the rank at the same level of the linear head on "
        "the same contexts.",
    ),
    "fingerprint": Term(
        "Fingerprint",
        "The sha256 of the shapes and numbers. A certificate carries the fingerprint of the head it "
        "speaks about, so it cannot be used for another.",
    ),
    "time": Term(
        "Computing time",
        "Wall-clock seconds on the machine that made this page.",
    ),
    "identity": Term(
        "Linear head (identity)",
        "The ordinary head: the softmax of the logits as they are. All others are compared with it.",
    ),
    "polynomial": Term(
        "Polynomial",
        "A sum of powers of the logit. It adds no more rank than it makes monomials of the state.",
    ),
    "sigsoftmax": Term(
        "SigSoftmax",
        "f(z) = z + log σ(z), σ the logistic function: every exponentiated logit is multiplied by its "
        "sigmoid. A gentle bend around 0, from slope 2 far below to slope 1 far above.",
    ),
    "gss": Term(
        "GSS(c, k): generalised SigSoftmax",
        "A smooth bend around c, from slope k far below to slope 1 far above; SigSoftmax is GSS(0, 2).",
    ),
    "plif": Term(
        "PLIF: piecewise-linear increasing function",
        "Equal segments on [−20, 20], each with a slope of its own that training would learn and that is "
        "drawn at random here. With 16 segments each is 2.5 logits long and the bends are strong; the "
        "100,000 of the literature are so short that random slopes average out, and f is nearly a line.",
    ),
    "exp": Term(
        "Exp",
        "f(z) = e^z, a function that grows so fast that few large logits carry most of the table.",
    ),
    "softcap": Term(
        "SoftCap(B)",
        "f(z) = B tanh(z / B): logits are capped smoothly at ±B, and small ones hardly change. Gemma 2 "
        "uses B = 30.",
    ),
    "leakyrelu": Term(
        "LeakyReLU(a)",
        "Leaky rectifier: f(z) = z above 0 and a z below. A single kink, so it bends nothing where logits "
        "have the same sign.",
    ),
    "mos": Term(
        "MoS: mixture of softmaxes",
        "A weighted average of several softmax distributions, each from a state of its own: no function "
        "of a single logit. Nothing is trained here: a component reads its context or another one, and the "
        "weights are drawn at random.",
    ),
}


def family_term(family: str) -> str:
    """Return the term that explains a function family by its name.

    >>> family_term("PLIF(16 segments)")
    'plif'
    """
    return family.partition("(")[0].lower()
