"""Forests of integer rows: fitted by scikit-learn, walked here exactly as scanner/judge/model.c."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LEAF = 0xFFFF
BOOST_SCALE = 2048
DEPTH_SCALE = 64
POINTS = 8


@dataclass
class Forest:
    nodes: list[tuple[int, int, int, int]] = field(default_factory=list)
    roots: list[int] = field(default_factory=list)
    base: int = 0
    curve: list[tuple[int, int]] = field(default_factory=lambda: [(i, 0) for i in range(POINTS)])

    def sums(self, rows: Ints) -> Ints:
        """The sum over the trees, for each row."""
        total = np.full(len(rows), self.base, dtype=np.int64)
        if not self.nodes:
            return total
        table = np.array(self.nodes, dtype=np.int64)
        for root in self.roots:
            at = np.full(len(rows), root, dtype=np.int64)
            while True:
                inner = table[at, 0] != LEAF
                if not inner.any():
                    break
                where = np.nonzero(inner)[0]
                node = table[at[where]]
                left = rows[where, node[:, 0]] <= node[:, 1]
                at[where] = np.where(left, node[:, 2], node[:, 3])
            total += table[at, 1]
        return total

    def thousandths(self, sums: Ints) -> Ints:
        return np.array([self._bend(int(value)) for value in sums], dtype=np.int64)

    def _bend(self, value: int) -> int:
        if value <= self.curve[0][0]:
            return self.curve[0][1]
        for (x0, y0), (x1, y1) in zip(self.curve, self.curve[1:], strict=False):
            if value < x1:
                return y0 + (value - x0) * (y1 - y0) // (x1 - x0)
        return self.curve[-1][1]


# A node of scikit-learn: (is leaf, feature, threshold, left, right, leaf's value).
Reader = Callable[[int], tuple[bool, int, float, int, int, int]]


def _copy(forest: Forest, read: Reader, node: int) -> int:
    """Append a tree in preorder; children come after their parent."""
    leaf, feature, threshold, left, right, value = read(node)
    number = len(forest.nodes)
    if leaf:
        forest.nodes.append((LEAF, max(-32768, min(32767, value)), 0, 0))
        return number
    forest.nodes.append((feature, 0, 0, 0))
    bound = max(-32768, min(32767, math.floor(threshold)))
    forest.nodes[number] = (
        feature,
        bound,
        _copy(forest, read, left),
        _copy(forest, read, right),
    )
    return number


def boosted(rows: Ints, labels: Ints, weights: Floats, trees: int, leaves: int) -> Forest:
    """Gradient boosted trees; a leaf is its log-odds times BOOST_SCALE."""
    model = HistGradientBoostingClassifier(
        max_iter=trees, max_leaf_nodes=leaves, learning_rate=0.08, min_samples_leaf=8,
        l2_regularization=2.0, early_stopping=False, random_state=1,
    )  # fmt: skip
    model.fit(rows, labels, sample_weight=weights)
    forest = Forest(base=round(float(np.ravel(model._baseline_prediction)[0]) * BOOST_SCALE))
    for (predictor,) in model._predictors:
        nodes = predictor.nodes

        def read(i: int, nodes: Any = nodes) -> tuple[bool, int, float, int, int, int]:
            n = nodes[i]
            value = round(float(n["value"]) * BOOST_SCALE)
            return (
                bool(n["is_leaf"]), int(n["feature_idx"]), float(n["num_threshold"]),
                int(n["left"]), int(n["right"]), value,
            )  # fmt: skip

        forest.roots.append(_copy(forest, read, 0))
    return forest


def _mean_path(n: int) -> float:
    """Mean depth of an unsuccessful search in a tree of n (isolation forests)."""
    if n <= 1:
        return 0.0
    if n == 2:
        return 1.0
    return 2.0 * (math.log(n - 1.0) + 0.5772156649015329) - 2.0 * (n - 1.0) / n


def isolation(rows: Ints, trees: int, sample: int) -> Forest:
    """An isolation forest; a leaf is minus its depth times DEPTH_SCALE, so that more is odder."""
    model = IsolationForest(n_estimators=trees, max_samples=min(sample, len(rows)), random_state=1)
    model.fit(rows.astype(np.float64))
    forest = Forest()
    for estimator in model.estimators_:
        tree = estimator.tree_
        depths = [0] * tree.node_count
        for i in range(tree.node_count):
            for child in (tree.children_left[i], tree.children_right[i]):
                if child >= 0:
                    depths[child] = depths[i] + 1

        def read(
            i: int, tree: Any = tree, depths: list[int] = depths
        ) -> tuple[bool, int, float, int, int, int]:
            value = depths[i] + _mean_path(int(tree.n_node_samples[i]))
            left = int(tree.children_left[i])
            return (
                left < 0, int(tree.feature[i]), float(tree.threshold[i]), left,
                int(tree.children_right[i]), -round(value * DEPTH_SCALE),
            )  # fmt: skip

        forest.roots.append(_copy(forest, read, 0))
    return forest
