"""What can come out of a head: which classes some state makes win, and which none ever does."""

from rankkit.reach.argmaxable import argmaxable
from rankkit.reach.clusters import Cluster
from rankkit.reach.progress import Meter
from rankkit.reach.report import ArgmaxReport

__all__ = ["ArgmaxReport", "Cluster", "Meter", "argmaxable"]
