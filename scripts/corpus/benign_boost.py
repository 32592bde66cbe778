"""benign_boost - models of xgboost, lightgbm and catboost, whichever are there."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from thing import Thing

if TYPE_CHECKING:
    Maker = tuple[str, str, Callable[[], Any]]


def data() -> Any:
    rng = np.random.RandomState(0)
    x = rng.rand(60, 4)
    return x, (x[:, 0] > 0.5).astype(int), x.sum(1)


def fit(cls: Any, options: dict[str, Any], x: Any, y: Any) -> Any:
    return cls(**options).fit(x, y)


def of_xgboost() -> Iterator[Maker]:
    import xgboost as xgb

    x, labels, target = data()
    small = {"n_estimators": 4, "max_depth": 2, "n_jobs": 1}
    for name in ("XGBClassifier", "XGBRFClassifier"):
        yield "xgboost", name, partial(fit, getattr(xgb, name), small, x, labels)
    for name in ("XGBRegressor", "XGBRFRegressor"):
        yield "xgboost", name, partial(fit, getattr(xgb, name), small, x, target)
    yield "xgboost", "XGBRanker", lambda: xgb.XGBRanker(**small).fit(x, labels, group=[30, 30])
    matrix = xgb.DMatrix(x, labels, nthread=1)
    for booster in ("gbtree", "dart", "gblinear"):
        options = {"booster": booster, "max_depth": 2, "nthread": 1}
        yield "xgboost", f"Booster {booster}", partial(xgb.train, options, matrix, 3)
    yield "xgboost", "search", lambda: search(xgb.XGBClassifier(**small), x, labels)


def search(model: Any, x: Any, labels: Any) -> Any:
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler

    return {
        "search": GridSearchCV(model, {"max_depth": [1, 2]}, cv=2).fit(x, labels),
        "pipe": make_pipeline(MinMaxScaler(), model),
    }


def of_lightgbm() -> Iterator[Maker]:
    import lightgbm as lgb

    x, labels, target = data()
    small = {"n_estimators": 4, "num_leaves": 4, "n_jobs": 1, "verbose": -1}
    for kind in ("gbdt", "dart", "goss", "rf"):
        more = {"bagging_freq": 1, "bagging_fraction": 0.5} if kind == "rf" else {}
        options = {**small, **more, "boosting_type": kind}
        yield (
            "lightgbm",
            f"classifier {kind}",
            partial(fit, lgb.LGBMClassifier, options, x, labels),
        )
        yield (
            "lightgbm",
            f"regressor {kind}",
            partial(fit, lgb.LGBMRegressor, options, x, target),
        )
    yield "lightgbm", "ranker", lambda: lgb.LGBMRanker(**small).fit(x, labels, group=[30, 30])
    train = {"num_leaves": 4, "verbose": -1, "num_threads": 1}
    yield "lightgbm", "booster", lambda: lgb.train(train, lgb.Dataset(x, labels), 3)
    yield "lightgbm", "search", lambda: search(lgb.LGBMClassifier(**small), x, labels)


def of_catboost() -> Iterator[Maker]:
    import catboost as cb

    x, labels, target = data()
    small = {
        "iterations": 4,
        "depth": 2,
        "verbose": 0,
        "allow_writing_files": False,
        "thread_count": 1,
    }
    yield "catboost", "classifier", lambda: cb.CatBoostClassifier(**small).fit(x, labels)
    yield "catboost", "regressor", lambda: cb.CatBoostRegressor(**small).fit(x, target)
    yield (
        "catboost",
        "ranker",
        lambda: cb.CatBoostRanker(**small).fit(x, labels, group_id=np.repeat([0, 1], 30)),
    )
    yield "catboost", "unfitted", lambda: cb.CatBoostClassifier(**small)
    yield (
        "catboost",
        "bundle",
        lambda: {"m": cb.CatBoostRegressor(**small).fit(x, target), "cols": list("abcd")},
    )


def things(rng: random.Random, tiny: bool) -> Iterator[Thing]:
    found: list[Maker] = []
    for make in (of_xgboost, of_lightgbm, of_catboost):
        try:
            found += list(make())
        except ImportError:
            continue
    for library, notes, build in found:
        yield Thing(library, build, group=f"{library}.{notes.split()[0]}", notes=notes)
