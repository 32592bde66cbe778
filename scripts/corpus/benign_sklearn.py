"""benign_sklearn - every estimator of scikit-learn, fitted on toy data, alone and in compositions."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from thing import Thing

TINY = ("LogisticRegression", "RandomForestClassifier", "StandardScaler", "KMeans", "SVC", "Ridge")
SLOW = ("GaussianProcessClassifier", "StackingClassifier")
ROWS = 40


def data(seed: int = 0) -> Any:
    rng = np.random.RandomState(seed)
    x = rng.rand(ROWS, 4)
    return x, (x[:, 0] + x[:, 1] > 1).astype(int), x @ [1.0, 2.0, 3.0, 4.0]


def arguments(name: str) -> dict[str, Any]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC

    base: dict[str, Any] = {"estimator": LogisticRegression()}
    grid = {**base, "param_grid": {"C": [0.1, 1.0]}, "cv": 2}
    return {
        "GridSearchCV": grid,
        "HalvingGridSearchCV": grid,
        "RandomizedSearchCV": {
            **base,
            "param_distributions": {"C": [0.1, 1.0]},
            "n_iter": 2,
            "cv": 2,
        },
        "HalvingRandomSearchCV": {**base, "param_distributions": {"C": [0.1, 1.0]}, "cv": 2},
        "ColumnTransformer": {"transformers": [("a", "passthrough", [0, 1])]},
        "FeatureUnion": {"transformer_list": [("a", "passthrough")]},
        "Pipeline": {"steps": [("clf", LogisticRegression())]},
        "VotingClassifier": {"estimators": [("a", LogisticRegression()), ("b", SVC())]},
        "StackingClassifier": {"estimators": [("a", LogisticRegression())], "cv": 2},
        "VotingRegressor": {"estimators": [("a", regressor())]},
        "StackingRegressor": {"estimators": [("a", regressor())], "cv": 2},
        "MultiOutputRegressor": {"estimator": regressor()},
        "RegressorChain": regressor_word("RegressorChain"),
        "SparseCoder": {"dictionary": np.eye(4)},
    }.get(name, {})


def regressor() -> Any:
    from sklearn.linear_model import Ridge

    return Ridge()


def regressor_word(name: str) -> dict[str, Any]:
    return {"base_estimator": regressor()} if name else {}


def required(cls: Any, name: str) -> dict[str, Any]:
    """Arguments of the constructor; one that wants an estimator gets one."""
    import inspect

    from sklearn.linear_model import LogisticRegression

    given = arguments(name)
    for word, parameter in inspect.signature(cls.__init__).parameters.items():
        empty = parameter.default is inspect.Parameter.empty
        if word in ("estimator", "base_estimator") and empty and word not in given:
            given[word] = LogisticRegression()
    return given


def fitted(cls: Any, name: str) -> Any:
    model = cls(**required(cls, name))
    if "random_state" in model.get_params():
        model.set_params(random_state=1)
    for word, value in (("n_estimators", 5), ("max_iter", 20), ("n_init", 1)):
        if word in model.get_params() and name != "GridSearchCV":
            model.set_params(**{word: value})
    x, labels, target = data()
    for inputs, outputs in (
        (x, labels),
        (x, target),
        (x, np.c_[labels, labels]),
        (x[:, 0], target),
        (x, None),
    ):
        try:
            return model.fit(inputs, outputs)
        except (ValueError, TypeError, AttributeError):
            continue
    return fit_texts(model)


def fit_texts(model: Any) -> Any:
    texts = ["a good film", "a bad film about dogs", "cats and dogs"] * 4
    for inputs in (texts, [{"a": 1}, {"b": 2}], [["x", "y"], ["y"]]):
        try:
            return model.fit(inputs)
        except (ValueError, TypeError, AttributeError):
            continue
    return model  # saved unfitted


def compositions() -> dict[str, Callable[[], Any]]:
    from sklearn.compose import ColumnTransformer
    from sklearn.datasets import make_blobs
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.linear_model import LogisticRegression, SGDClassifier
    from sklearn.metrics import make_scorer, mean_squared_error
    from sklearn.model_selection import GridSearchCV, KFold, train_test_split
    from sklearn.pipeline import Pipeline, make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
    from sklearn.utils import Bunch

    x, labels, _ = data(5)
    texts, stars = ["good film", "bad film", "great", "awful"] * 5, [1, 0, 1, 0] * 5
    pipe = Pipeline([("scale", StandardScaler()), ("clf", LogisticRegression())])
    return {
        "pipeline": lambda: pipe.fit(x, labels),
        "text": lambda: make_pipeline(TfidfVectorizer(), SGDClassifier(random_state=1)).fit(
            texts, stars
        ),
        "tokenizer": lambda: CountVectorizer(tokenizer=str.split, preprocessor=str.lower).fit(
            texts
        ),
        "log": lambda: make_pipeline(FunctionTransformer(np.log1p), LogisticRegression()).fit(
            x, labels
        ),
        "columns": lambda: ColumnTransformer(
            [("n", StandardScaler(), [0]), ("c", OneHotEncoder(), [1])]
        ).fit(x.round()),
        "search": lambda: GridSearchCV(pipe, {"clf__C": [0.1, 1]}, cv=KFold(2)).fit(x, labels),
        "forest": lambda: RandomForestClassifier(12, random_state=2).fit(x, labels),
        "bundle": lambda: {
            "model": pipe.fit(x, labels),
            "features": list("abcd"),
            "version": "1.0",
            "auc": 0.9,
        },
        "split": lambda: train_test_split(x, labels, random_state=1),
        "dataset": lambda: make_blobs(30, random_state=1),
        "bunch": lambda: Bunch(data=x, target=labels, DESCR="toy"),
        "scorer": lambda: make_scorer(mean_squared_error, greater_is_better=False),
        "tuple": lambda: (StandardScaler().fit(x), pipe.fit(x, labels)),
        "list": lambda: [
            RandomForestClassifier(2, random_state=i).fit(x, labels) for i in range(3)
        ],
    }


def things(rng: random.Random, tiny: bool) -> Iterator[Thing]:
    from sklearn.utils import all_estimators

    found: list[Any] = [
        (n, c) for n, c in all_estimators() if n not in SLOW and (not tiny or n in TINY)
    ]
    for name, cls in found:
        group = "sklearn." + cls.__module__.split(".")[1]
        yield Thing("sklearn", lambda c=cls, n=name: fitted(c, n), group=group, notes=name)
        if rng.random() < 0.25:
            yield Thing(
                "sklearn",
                lambda c=cls, n=name: c(**required(c, n)),
                group=group,
                notes=f"{name} unfitted",
                most=1,
            )
    made = compositions()
    for name in sorted(made)[:: 7 if tiny else 1]:
        yield Thing("sklearn", made[name], group="sklearn.composed", notes=name)
