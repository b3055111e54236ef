"""Increasing functions with parameters to learn, one a file."""

from rankkit.learn.curves.curve import Curve
from rankkit.learn.curves.fixed import Fixed
from rankkit.learn.curves.network import LearnedNetwork
from rankkit.learn.curves.plif import LearnedPLIF
from rankkit.learn.curves.rational_quadratic import LearnedSpline

__all__ = ["Curve", "Fixed", "LearnedNetwork", "LearnedPLIF", "LearnedSpline"]
