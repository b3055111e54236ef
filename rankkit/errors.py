"""What can go wrong, each with a sentence that says what came, what is wanted, and what to do."""

from __future__ import annotations


class InputError(ValueError):
    """An argument cannot be used; the message names it, says what came and what is wanted."""


class LoadError(ValueError):
    """A file or package cannot be read as a head; nothing in it was executed."""


class DatasetMissing(LoadError):
    """The package that ships a dataset is not here; the message holds the line that fetches it."""


class CertificateError(RuntimeError):
    """Two proofs contradict each other, or a proof does not survive its own check.

    This is a defect, never a property of the input: please report it.
    """
