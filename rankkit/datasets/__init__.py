"""Real heads that public packages ship, the contexts that their models make, and texts."""

from rankkit.datasets.catalogue import available
from rankkit.datasets.dataset import Dataset
from rankkit.datasets.loading import load
from rankkit.datasets.states import Contexts, contexts, drawn_contexts
from rankkit.datasets.texts import TEXTS, Corpus, TextSource, fetch_text, text, words
from rankkit.datasets.wheels import fetch

__all__ = [
    "TEXTS",
    "Contexts",
    "Corpus",
    "Dataset",
    "TextSource",
    "available",
    "contexts",
    "drawn_contexts",
    "fetch",
    "fetch_text",
    "load",
    "text",
    "words",
]
