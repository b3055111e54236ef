"""Other matrices people bring: with missing entries, of rewards, of relations, and two of maybe one head."""

from rankkit.matrices.completion import Completion, completion_error
from rankkit.matrices.partial import PartialMatrix
from rankkit.matrices.relation import RelationReport, relation_embedding, relation_graph, relation_report
from rankkit.matrices.reward import PartialRank, partial_rank, staircase_rank
from rankkit.matrices.same_head import HeadComparison, same_head
from rankkit.matrices.targets import identity_target, triangular_target

__all__ = [
    "Completion",
    "HeadComparison",
    "PartialMatrix",
    "PartialRank",
    "RelationReport",
    "completion_error",
    "identity_target",
    "partial_rank",
    "relation_embedding",
    "relation_graph",
    "relation_report",
    "same_head",
    "staircase_rank",
    "triangular_target",
]
