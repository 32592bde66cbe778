"""soak_models - the models that a server is given in the long run: soak_models.py FOLDER

Writes clean-NAME and evil-NAME of the same families, and known.json: what each clean one answers and what
canary each malicious one would leave. Programs cannot be started under the policy of the run, so most
payloads write the file themselves.
"""

import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import payloads
import torch
from serving_load import ROWS
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

FAMILIES: dict[str, dict[str, Any]] = {  # as joblib.dump takes them
    "plain": {},
    "protocol2": {"protocol": 2},
    "protocol5": {"protocol": 5},
    "zlib": {"compress": ("zlib", 3)},
    "gzip": {"compress": ("gzip", 3)},
    "bz2": {"compress": ("bz2", 3)},
    "xz": {"compress": ("xz", 1)},
    "lz4": {"compress": ("lz4", 3)},
    "large": {},
}
LARGE = 6 << 20  # bytes of weights: held by a lease, not copied, with snapshot = strict


class Trap:
    """Pickled as a call that leaves `canary`."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return exec, (f"open({str(self.canary)!r}, 'w').close()",)


def fitted(seed: int, family: str) -> Pipeline:
    """A model whose answers tell it from those of other seeds. No forest: scikit-learn's Parallel exchanges
    the filters of warnings, which threads share, until each prediction warns."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(200, 4))
    y = np.where(x.sum(axis=1) > 0, 2 * seed + 1, 2 * seed)
    trees = GradientBoostingClassifier(n_estimators=20, random_state=seed)
    model = make_pipeline(StandardScaler(), trees).fit(x, y)
    if family == "large":
        model.weights_ = random.random(LARGE // 8)
    return model


def write(folder: Path) -> None:
    clean, evil = {}, {}
    for seed, (family, how) in enumerate(FAMILIES.items()):
        model, path = fitted(seed, family), folder / f"clean-{family}"
        joblib.dump(model, path, **how)
        name = sha256(path.read_bytes()).hexdigest()[:12]
        clean[path.name] = {"name": name, "predictions": model.predict(np.array(ROWS)).tolist()}
        path, canary = folder / f"evil-{family}", folder / f"canary-{family}"
        joblib.dump({"model": model, "extra": Trap(canary)}, path, **how)
        evil[path.name] = {"canary": str(canary), "loads": True}
    for protocol in payloads.PROTOCOLS:
        path, canary = folder / f"evil-pickle{protocol}", folder / f"canary-pickle{protocol}"
        path.write_bytes(payloads.pickle_of(canary, protocol))
        evil[path.name] = {"canary": str(canary), "loads": True}
    path, canary = folder / "evil-torch", folder / "canary-torch"
    torch.save({"weights": torch.zeros(1000), "extra": Trap(canary)}, path)
    evil[path.name] = {"canary": str(canary), "loads": False}  # not with joblib
    (folder / "known.json").write_text(json.dumps({"clean": clean, "evil": evil}))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
