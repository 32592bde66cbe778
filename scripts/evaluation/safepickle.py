"""safepickle.py - the method of the SafePickle paper (arXiv 2602.19818), built anew as a baseline.

Normalised frequencies of pickletools' 68 opcodes over the file; random forest and gradient boosting
(the paper's CatBoost is another of these) on labelled files, isolation forest, local outlier factor
and one-class SVM on clean files only. Each is used as its library sets it up: 100 or more trees,
verdict at the middle of the scale (supervised) or at the library's own boundary (unsupervised).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier, IsolationForest, RandomForestClassifier
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

from .answers import Answer, Scanner
from .corpora import File
from .folds import Fold
from .opcodes import Opcodes

Make = Callable[[int], Any]
SUPERVISED: dict[str, Make] = {
    "random forest": lambda seed: RandomForestClassifier(300, random_state=seed, n_jobs=1),
    "gradient boosting": lambda seed: GradientBoostingClassifier(random_state=seed),
}
UNSUPERVISED: dict[str, Make] = {
    "isolation forest": lambda seed: IsolationForest(n_estimators=300, random_state=seed, n_jobs=1),
    "local outlier factor": lambda _: LocalOutlierFactor(novelty=True),
    "one-class SVM": lambda _: make_pipeline(StandardScaler(), OneClassSVM(nu=0.05)),
}


def table(files: Sequence[File], opcodes: dict[File, Opcodes]) -> np.ndarray:
    return np.array([opcodes[f].frequencies() for f in files])


def scores(name: str, fold: Fold, opcodes: dict[File, Opcodes], seed: int) -> np.ndarray:
    """Of the fold's held-out files; above 0 is called malicious."""
    held_out = table(fold.test, opcodes)
    if name in SUPERVISED:
        model = SUPERVISED[name](seed)
        model.fit(table(fold.train, opcodes), [f.bad for f in fold.train])
        return model.predict_proba(held_out)[:, 1] - 0.5
    model = UNSUPERVISED[name](seed)
    model.fit(table([f for f in fold.train if not f.bad], opcodes))
    return -model.decision_function(held_out)


def cross_validated(
    folds: Sequence[Fold], opcodes: dict[File, Opcodes], seed: int
) -> list[Scanner]:
    """Each classifier's answers to the held-out files of all folds."""
    scanners = []
    for name in [*SUPERVISED, *UNSUPERVISED]:
        answers: dict[File, Answer] = {}
        for fold in folds:
            for file, score in zip(fold.test, scores(name, fold, opcodes, seed), strict=True):
                verdict = "malicious" if score > 0 else "benign"
                answers[file] = Answer(verdict, bool(opcodes[file].counts), float(score))
        scanners.append(Scanner(f"opcodes, {name}", "", answers, scored=True))
    return scanners
