"""library_cases - real objects of real libraries, saved, loaded and compared.

Also a program: `library_cases.py save FOLDER` writes FOLDER/NAME.clean for each case;
`library_cases.py load FOLDER ENDING...` loads FOLDER/NAME.ENDING for each case and ending and
tells as JSON what became of each.
"""

import json
import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def network() -> Any:
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3))


def checkpoint() -> dict[str, Any]:
    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    model(torch.ones(4, 8)).sum().backward()
    optimizer.step()
    return {"epoch": 3, "model": model.state_dict(), "optimizer": optimizer.state_dict()}


def data() -> tuple[Any, Any]:
    numbers = np.random.default_rng(1).normal(size=(60, 4))
    return numbers, (numbers.sum(axis=1) > 0).astype(int)


def forest() -> Any:
    return RandomForestClassifier(n_estimators=5, random_state=1).fit(*data())


def pipeline() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(*data())


def arrays() -> dict[str, Any]:
    return {"x": np.arange(1000.0).reshape(10, 100), "labels": ["a", "b"], "n": np.int64(7)}


def objects() -> Any:
    return np.array([{"a": 1}, (2, 3), "four", None], dtype=object)


def frame() -> Any:
    return pd.DataFrame(
        {
            "number": [1.5, 2.5, float("nan")],
            "text": ["a", "b", "ü"],
            "when": pd.date_range("2024-01-01", periods=3, tz="UTC"),
            "kind": pd.Categorical(["x", "y", "x"]),
        }
    )


def same_tree(left: Any, right: Any) -> bool:
    """Equality of nested containers with tensors and arrays in them."""
    if isinstance(left, torch.Tensor):
        return bool(torch.equal(left, right))
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and list(left.ravel()) == list(right.ravel())
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same_tree(left[k], right[k]) for k in left)
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same_tree, left, right))
    return bool(left == right)


def same_network(left: Any, right: Any) -> bool:
    return same_tree(left.state_dict(), right.state_dict())


def same_answers(left: Any, right: Any) -> bool:
    return bool((left.predict_proba(data()[0]) == right.predict_proba(data()[0])).all())


def same_frame(left: Any, right: Any) -> bool:
    return bool(left.equals(right))


def torch_load(path: Path | BytesIO) -> Any:
    return torch.load(path, weights_only=False)


def torch_save_legacy(value: Any, path: Path) -> None:
    torch.save(value, path, _use_new_zipfile_serialization=False)


def pickle_save(value: Any, path: Path) -> None:
    path.write_bytes(pickle.dumps(value))


def pickle_load(path: Path) -> Any:
    with path.open("rb") as file:
        return pickle.load(file)


@dataclass(frozen=True)
class Case:
    name: str
    make: Callable[[], Any]
    save: Callable[[Any, Path], Any]
    load: Callable[[Path], Any]
    same: Callable[[Any, Any], bool] = same_tree
    container: str = "pickle"  # what the file is: a bare pickle, or torch-zip


CASES = (
    Case("torch-checkpoint", checkpoint, torch.save, torch_load, container="torch-zip"),
    Case("torch-module", network, torch.save, torch_load, same_network, "torch-zip"),
    Case(
        "torch-mmap",
        checkpoint,
        torch.save,
        lambda path: torch.load(path, mmap=True, weights_only=False),
        container="torch-zip",
    ),
    Case(
        "torch-from-bytes",
        checkpoint,
        torch.save,
        lambda path: torch_load(BytesIO(path.read_bytes())),
        container="torch-zip",
    ),
    Case("torch-legacy", checkpoint, torch_save_legacy, torch_load),
    Case("joblib-arrays", arrays, joblib.dump, joblib.load),
    Case(
        "joblib-mmap",
        arrays,
        joblib.dump,
        lambda path: joblib.load(path, mmap_mode="r"),
    ),
    Case("joblib-forest", forest, joblib.dump, joblib.load, same_answers),
    Case("joblib-pipeline", pipeline, joblib.dump, joblib.load, same_answers),
    Case("sklearn-pickle", forest, pickle_save, pickle_load, same_answers),
    Case("sklearn-pipeline", pipeline, pickle_save, pickle_load, same_answers),
    Case("numpy-arrays", arrays, pickle_save, lambda path: np.load(path, allow_pickle=True)),
    Case(
        "numpy-objects",
        objects,
        lambda value, path: value.dump(path),
        lambda path: np.load(path, allow_pickle=True),
    ),
    Case("pandas", frame, lambda value, path: value.to_pickle(path), pd.read_pickle, same_frame),
)


def outcome(case: Case, path: Path) -> dict[str, Any]:
    try:
        value = case.load(path)
    except Exception as error:  # noqa: BLE001 - an answer like any other
        kinds = [kind.__name__ for kind in type(error).__mro__]
        return {"raised": kinds, "errno": getattr(error, "errno", None), "message": str(error)}
    return {"same": case.same(case.make(), value)}


def main() -> None:
    action, folder, *endings = sys.argv[1:]
    if action == "save":
        for case in CASES:
            case.save(case.make(), Path(folder) / f"{case.name}.clean")
        return
    told = {
        case.name: {
            ending: outcome(case, Path(folder) / f"{case.name}.{ending}") for ending in endings
        }
        for case in CASES
    }
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
