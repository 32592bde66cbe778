"""matrix_case - one way in which a program gets at a model: how it is saved, how it is loaded.

Runs in every CPython from 3.8 on, as everything that describes cases does: libraries are imported
where they are used.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pickle
import sys
import zlib
from dataclasses import dataclass
from typing import Any, Callable

HARMLESS = {"epoch": 3, "history": list(range(20)), "note": None}
PROTOCOLS = (0, 2, 4)


class Payload:
    """Unpickling it touches the canary, and gives the exit status."""

    def __init__(self, canary: str) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch " + self.canary,)


def model(extra: Any) -> Any:
    """What most files hold: `extra` is HARMLESS, or in the malicious twin a Payload."""
    return {
        "weights": [0.5, -1.25, 3],
        "name": "gruß",
        "blob": bytes(range(256)),
        "nested": {"layers": [(1, 2), None, True], "labels": ["a", "b"] * 20},
        "extra": extra,
    }


def dumps(value: Any, path: str) -> bytes:
    """A pickle; its protocol goes by the file's name, so that cases differ and twins do not."""
    name = os.path.basename(path).split(".")[0]
    return pickle.dumps(value, PROTOCOLS[zlib.crc32(name.encode()) % len(PROTOCOLS)])


def write(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)


def save_pickle(path: str, extra: Any) -> Any:
    value = model(extra)
    write(path, dumps(value, path))
    return value


def as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Case:
    name: str  # "library: path"
    load: Callable[[str], Any]
    save: Callable[[str, Any], Any] = save_pickle  # path, extra; returns what load() should give
    look: Callable[[Any], Any] = as_it_is  # plain data that stands for what was loaded
    needs: tuple[str, ...] = ()  # modules, or module.function
    unseen: str = ""  # why the file layer alone may miss the twin; "": it does not
    unheard: str = ""  # why the Python layer alone may; "": it does not
    mute: str = ""  # why the exception does not tell the reason; "": it does
    inert: str = ""  # why the twin's payload does not run without the guard; "": it does
    twin: bool = True  # False: works beside models, there is nothing to infect
    silent: bool = True  # False: the guard has something to say of the clean file, and lets it pass
    slow: bool = False  # only in the long form

    @property
    def stem(self) -> str:
        """Of its files."""
        return "".join(letter if letter.isalnum() else "-" for letter in self.name)

    def missing(self) -> str:
        """What this interpreter lacks, or ""."""
        for name in self.needs:
            parent, _, last = name.rpartition(".")
            try:
                if importlib.util.find_spec(name) is not None:
                    continue
            except ModuleNotFoundError:
                pass
            if parent not in sys.modules or not hasattr(sys.modules[parent], last):
                return name
        return ""


def plain(value: Any) -> Any:
    """Nested containers with tensors, arrays and frames in them, as text."""
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if isinstance(value, dict):
        return [(plain(key), plain(one)) for key, one in value.items()]
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if torch is not None and isinstance(value, torch.nn.Module):
        return plain(value.state_dict())
    if torch is not None and isinstance(value, torch.Tensor):
        return str(value.dtype), value.tolist()
    if numpy is not None and isinstance(value, numpy.ndarray):
        return value.dtype.str, plain(value.tolist())
    if hasattr(value, "to_dict") and hasattr(value, "dtypes"):
        return str(value.dtypes), repr(value.to_dict())
    return repr(value)


def digest(case: Case, value: Any) -> str:
    return hashlib.sha256(repr(plain(case.look(value))).encode()).hexdigest()
