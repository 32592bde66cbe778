"""benign_carriers - harmless pickles that carry code: functions, lambdas and classes, by value."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterator
from typing import Any

from thing import Thing, raw
from wordlist import words

SOURCES = [
    "lambda x: x",
    "lambda x, k={k}: x * k",
    "lambda row: row['{w}'] > {k}",
    "def {w}(x):\n    return [v.lower() for v in x.split()]",
    "def {w}(x):\n    import math\n    return math.log(x + {k})",
    "def {w}(a, b={k}):\n    total = 0\n    for v in a:\n        total += v * b\n    return total",
    "def {w}(text):\n    import re\n    return re.findall(r'\\w+', text)",
    "def {w}(x):\n    def inner(y):\n        return x + y + {k}\n    return inner",
    "def {w}(frame):\n    return frame.assign({w}=frame.sum(axis=1) / {k})",
    "class {w}:\n    def __init__(self, a={k}):\n        self.a = a\n    def fit(self, x):\n        self.n = len(x)\n        return self",
    "class {w}(dict):\n    '''A table of {k}.'''\n    size = {k}\n    def total(self):\n        return sum(self.values())",
    "def {w}(x, y):\n    import numpy as np\n    return float(np.mean(np.abs(np.asarray(x) - np.asarray(y))))",
    "def {w}(n):\n    return n if n < 2 else {w}(n - 1) + {w}(n - 2)",
    "async def {w}(x):\n    return x + {k}",
    "def {w}():\n    yield from range({k})",
    "def {w}(x):\n    try:\n        return float(x)\n    except ValueError:\n        return {k}.0",
    "class {w}:\n    @property\n    def size(self):\n        return {k}\n    @staticmethod\n    def of(x):\n        return x",
    "def {w}(img):\n    return (img - img.mean()) / (img.std() + 1e-{k})",
]
WORDS = words(
    "scale clean tokenize score loss metric reward Policy Scaler Encoder parse shape to_vec init"
)


def defined(rng: random.Random) -> Any:
    """What a piece of the table defines, as if in the user's script."""
    word = rng.choice(WORDS)
    source = rng.choice(SOURCES).format(w=word, k=rng.randrange(2, 99))
    scope: dict[str, Any] = {"__name__": "__main__"}
    if source.startswith("lambda"):
        return eval(source, scope)
    exec(source, scope)
    return scope[word]


def kept(rng: random.Random) -> Any:
    """The code alone, or in what a model keeps it in."""
    value = defined(rng)
    ways: list[Callable[[], Any]] = [
        lambda: value,
        lambda: {"transform": value, "name": "v1"},
        lambda: [value, 1, "x"],
        lambda: functools.partial(value, 1),
        lambda: value() if isinstance(value, type) else value,
        lambda: {"policy": value, "lr_schedule": defined(rng)},
    ]
    return rng.choice(ways)()


def dumped(library: str, seed: int, protocol: int) -> bytes:
    rng = random.Random(seed)
    value = kept(rng)
    module: Any = __import__(library)
    if library == "dill":
        return bytes(module.dumps(value, protocol=protocol, recurse=True, byref=False))
    return bytes(module.dumps(value, protocol=protocol))


def things(rng: random.Random, tiny: bool) -> Iterator[Thing]:
    for number in range(12 if tiny else 150):
        library = ("cloudpickle", "dill")[number % 2]
        seed, protocol = rng.getrandbits(40), rng.choice([2, 4, 4, 5])
        build = lambda k=library, s=seed, p=protocol: dumped(k, s, p)  # noqa: E731
        yield raw(
            library,
            build,
            ".pkl",
            "function or class",
            group=f"code.{library}",
            family="code-carrier",
        )
