"""Pricing: where searches take aim, and which of all points lie beyond.

One matrix product asks for many searches at once, and costs less than a search spends between two of them.
"""

from __future__ import annotations

import numpy as np

from rankkit import threads
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach.engine.coordinates import Cloud
from rankkit.reach.engine.hulls import Hulls
from rankkit.reach.passes import Merge

#: Points that are found for a search at a time: as many for each axis, and at least and at most.
STEP, LEAST, MOST = 2, 40, 200

#: Rounds in which most searches end, and take aim in the direction that they have found.
EASY = 3

#: Searches and points that share one product, so that it stays in cache.
BLOCK, TILE = 512, 1024


def step(width: int) -> int:
    """Return how many points are found for a search at a time."""
    return min(max(LEAST, STEP * width), MOST)


def take_aim(cloud: Cloud, hulls: Hulls, todo: IntArray, before: FloatArray) -> Array:
    """Aim half way from where each search aimed last to its direction; tell for which.

    What lies beyond there is nearer to what decides in the end than what lies beyond a direction that is
    still far from it [benameur2007]_. The direction itself is taken in the first rounds, where the last aim
    found nothing that moved the point from ``before`` (m, D), where the two point apart, and where half way
    is near a ray.
    """
    points = hulls.point[todo]
    size = np.linalg.norm(points, axis=1, keepdims=True)
    directions = -points / size
    halves = directions + hulls.aim[todo]
    half_way = np.linalg.norm(points - before, axis=1) > 1e-9 * size[:, 0]
    half_way &= hulls.rounds[todo] > EASY
    half_way &= np.linalg.norm(halves, axis=1) > 1  # less than 120 degrees apart
    half_way &= (halves @ cloud.rays.T <= directions @ cloud.rays.T / 2).all(axis=1)
    aims = np.where(half_way[:, None], halves, directions)
    hulls.aim[todo] = aims / np.linalg.norm(aims, axis=1, keepdims=True)
    return half_way


def beyond(cloud: Cloud, hulls: Hulls, todo: IntArray, pool: IntArray, merge: Merge) -> Array:
    """Return, for each search, points of ``pool`` that do not lose to its class in the direction of its aim.

    Their names, a row each, are of shape (m, :func:`step`); -1 fills a row.

    A float32 product finds some that might not, one step of them: the furthest among the first found. If
    none is clearly beyond, they are compared as float64 differences, which tell near twins apart.
    """
    crew, most = threads.at_work(), step(cloud.width)
    size = max(1, min(BLOCK, -(-len(todo) // crew.count)))

    def found(block: IntArray) -> Array:
        own = hulls.own[block]
        directions = hulls.aim[block]
        near, points = directions.astype(np.float32), np.empty((TILE, cloud.width), np.float32)
        level = np.einsum("ij,ij->i", near, cloud.points32[own])
        low, high = level - cloud.doubt, level + cloud.doubt
        table = np.empty(TILE * len(block), np.float32)
        top = np.full((len(block), most), -np.inf, np.float32)
        who = np.zeros((len(block), most), np.int64)
        racing, best, names = np.arange(len(block)), top, who
        for start in range(0, len(pool), TILE):
            tile = pool[start : start + TILE]
            some, scores = points[: len(tile)], table[: len(tile) * len(racing)].reshape(len(tile), -1)
            np.take(cloud.points32, tile, axis=0, out=some, mode="clip")
            np.matmul(some, near.T, out=scores)
            merge(scores, own[racing], tile, low[racing], best, names)
            going = best[:, 0] <= high[racing]
            if not going.all():  # whoever has enough to go on with leaves
                top[racing], who[racing] = best, names
                racing, best, names, near = racing[going], best[going], names[going], near[going]
                if not len(racing):
                    break
        top[racing], who[racing] = best, names
        who[np.isneginf(top)] = -1
        furthest = top.max(axis=1)
        for k in np.flatnonzero(np.isfinite(furthest) & (furthest <= high)):
            close, i = who[k, who[k] >= 0], own[k]
            if len(close) == most:  # there may be more than the list holds
                close = pool[(cloud.points32 @ directions[k].astype(np.float32))[pool] >= low[k]]
                close = close[close != i]
            lead = (cloud.points(close) - cloud.points(i)) @ directions[k]
            first = np.argsort(-lead, kind="stable")[:most]
            close = close[first][lead[first] >= 0]
            who[k] = np.append(close, np.full(most - len(close), -1))
        return who

    blocks = [todo[at : at + size] for at in range(0, len(todo), size)]
    return np.concatenate([np.empty((0, most), np.int64), *crew.map(found, blocks)])
