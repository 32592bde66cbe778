"""benign_invented - objects of projects' own classes and functions, of modules that do not exist.

The classes are made on the spot and registered under invented modules, so the real picklers write
them as they would write the project's own.
"""

from __future__ import annotations

import collections
import datetime
import enum
import functools
import random
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import dumping
import invented
from thing import Thing


def register(module: str, name: str, value: Any) -> Any:
    """Puts a class or function where a pickler looks for module.name."""
    parts = module.split(".")
    for size in range(1, len(parts) + 1):
        path = ".".join(parts[:size])
        if path not in sys.modules:
            sys.modules[path] = types.ModuleType(path)
        if size > 1:
            setattr(sys.modules[".".join(parts[: size - 1])], parts[size - 1], sys.modules[path])
    owner: Any = sys.modules[module]
    *classes, last = name.split(".")
    for part in classes:
        if not hasattr(owner, part):
            setattr(owner, part, type(part, (), {"__module__": module}))
        owner = getattr(owner, part)
    value.__module__, value.__qualname__, value.__name__ = module, name, last
    setattr(owner, last, value)
    return value


def texts(rng: random.Random) -> str:
    """A string as models' attributes hold them."""
    choices = [
        "relu",
        "adam",
        "mean",
        "en_core_web_sm",
        "models/best.pt",
        "data/train.csv",
        "utf-8",
        "cuda:0",
    ]
    choices += [
        "The quick brown fox.",
        "bert-base-uncased",
        "v1.2.3",
        "2021-03-04",
        "accuracy",
    ]
    choices += [
        "https://huggingface.co/bert-base-uncased",
        "/home/user/project/data",
        "ISO-8859-1",
        "{0}:{1}",
    ]
    choices += [
        "SELECT * FROM sales WHERE year = 2020",
        "loss: %.4f",
        "C:\\\\data\\\\model.h5",
    ]
    choices += [invented.class_name(rng), rng.choice(invented.KIND)]
    return rng.choice(choices)


def attribute_value(rng: random.Random, depth: int = 1) -> Any:
    simple: list[Any] = [
        rng.randrange(99),
        rng.random(),
        texts(rng),
        None,
        True,
        b"\x00\x01data",
        (1, 2),
    ]
    if depth == 0 or rng.random() < 0.6:
        return rng.choice(simple)
    inner = [attribute_value(rng, depth - 1) for _ in range(rng.randrange(1, 5))]
    made: list[Any] = [inner, tuple(inner), {f"k{i}": v for i, v in enumerate(inner)}, {1, 2, 3}]
    made += [array_of(rng), datetime.datetime(2020, 1, 2), collections.OrderedDict(a=inner)]
    return rng.choice(made)


def array_of(rng: random.Random) -> Any:
    import numpy

    return numpy.arange(rng.randrange(1, 30)) * rng.random()


def plain_class(rng: random.Random, module: str) -> Any:
    cls = register(module, invented.class_name(rng), type("C", (), {}))
    made = cls()
    for _ in range(rng.randrange(1, 9)):
        made.__dict__[attribute_name(rng)] = attribute_value(rng, 2)
    return made


def attribute_name(rng: random.Random) -> str:
    names = "weights bias name config vocab layers epochs history classes_ n_features params lr seed path"
    names += (
        " tokenizer columns mean std score model children label threshold encoder _cache items id"
    )
    return rng.choice(names.split()) + rng.choice(["", "", "_", "2"])


def subclass_of_builtin(rng: random.Random, module: str) -> Any:
    base: Any = rng.choice([dict, list, set, str, int, tuple, collections.OrderedDict, Exception])
    cls = register(module, invented.class_name(rng), type("C", (base,), {}))
    made = cls("x" if base in (str, Exception) else 5) if base in (str, int, Exception) else cls()
    if base in (dict, collections.OrderedDict):
        made.update(a=1, b=texts(rng))
    if base is list:
        made.extend([1, texts(rng)])
    return made


def with_getstate(rng: random.Random, module: str) -> Any:
    cls = type(
        "C", (), {"__getstate__": lambda self: (1, texts(rng), {"a": 2}), "__setstate__": print}
    )
    return register(module, invented.class_name(rng), cls)()


def with_slots(rng: random.Random, module: str) -> Any:
    cls = register(module, invented.class_name(rng), type("C", (), {"__slots__": ("a", "b")}))
    made = cls()
    made.a, made.b = attribute_value(rng), texts(rng)
    return made


def with_function(rng: random.Random, module: str) -> Any:
    """An object that is put together by a function of its project."""
    arguments = tuple(attribute_value(rng, 1) for _ in range(rng.randrange(1, 4)))
    rebuild = register(
        module, invented.clean_function(rng), types.FunctionType(nothing.__code__, {})
    )
    state = {"a": attribute_value(rng)} if rng.random() < 0.4 else None
    way: Any = (rebuild, arguments) if state is None else (rebuild, arguments, state)
    cls = register(
        module, invented.class_name(rng), type("C", (), {"__reduce__": lambda self: way})
    )
    return cls()


def nothing(*values: Any) -> None:
    """Stands for functions of projects; never called."""


def with_constructor(rng: random.Random, module: str) -> Any:
    arguments = tuple(attribute_value(rng, 1) for _ in range(rng.randrange(1, 4)))
    cls = type("C", (), {"__reduce__": lambda self: (type(self), arguments), "__init__": nothing})
    return object.__new__(register(module, invented.class_name(rng), cls))


def with_new(rng: random.Random, module: str) -> Any:
    arguments = (texts(rng), rng.randrange(9))
    cls = type(
        "C",
        (tuple,),
        {"__getnewargs__": lambda self: arguments, "__new__": lambda c, *a: tuple.__new__(c, a)},
    )
    return register(module, invented.class_name(rng), cls)(*arguments)


def enumerated(rng: random.Random, module: str) -> Any:
    make: Any = enum.Enum
    kind = make(invented.class_name(rng), ["SMALL", "LARGE", "AUTO"], module=module)
    register(module, kind.__name__, kind)
    return {"mode": kind.LARGE, "default": kind.AUTO}


def record(rng: random.Random, module: str) -> Any:
    Row = collections.namedtuple("Row", "id name score")
    made = register(module, invented.class_name(rng), Row)
    return [made(i, texts(rng), rng.random()) for i in range(rng.randrange(1, 6))]


def referenced(rng: random.Random, module: str) -> Any:
    """A function kept by name: activations, tokenizers, factories."""
    kept = register(module, invented.clean_function(rng), types.FunctionType(nothing.__code__, {}))
    ways: list[Callable[[], Any]] = [
        lambda: {"activation": kept, "units": 3},
        lambda: functools.partial(kept, 5, name=texts(rng)),
        lambda: collections.defaultdict(kept, a=1),
        lambda: [kept, texts(rng)],
    ]
    return rng.choice(ways)()


def sklearn_like(rng: random.Random, module: str) -> Any:
    """An estimator of one's own in a pipeline."""
    from sklearn.base import BaseEstimator, TransformerMixin
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

    cls = type("C", (BaseEstimator, TransformerMixin), {"__init__": lambda self: None})
    own = register(module, invented.class_name(rng), cls)()
    own.columns_, own.mean_ = ["a", "b"], 0.5
    return Pipeline([("own", own), ("clf", LogisticRegression())])


def torch_like(rng: random.Random, module: str) -> Any:
    import torch

    dumping.fix_addresses()
    torch.manual_seed(1)
    own: Any = register(module, invented.class_name(rng), type("C", (torch.nn.Module,), {}))()
    own.fc = torch.nn.Linear(2, 2)
    own.act = torch.nn.ReLU()
    own.threshold = 0.5
    return own


def tree(rng: random.Random, module: str) -> Any:
    cls = register(module, invented.class_name(rng), type("C", (), {}))
    nodes = [cls() for _ in range(rng.randrange(2, 12))]
    for number, node in enumerate(nodes):
        node.__dict__.update(
            id=number, value=attribute_value(rng), parent=nodes[number // 2] if number else None
        )
    return nodes[-1]


MAKERS = [
    plain_class,
    plain_class,
    plain_class,
    subclass_of_builtin,
    with_getstate,
    with_slots,
]
MAKERS += [
    with_function,
    with_constructor,
    with_constructor,
    with_new,
    enumerated,
    record,
    referenced,
]
MAKERS += [sklearn_like, torch_like, tree]


def things(rng: random.Random, tiny: bool) -> Iterator[Thing]:
    for number in range(len(MAKERS) if tiny else 520):
        make = MAKERS[number % len(MAKERS)]
        own = random.Random(rng.getrandbits(40))
        module = invented.module(own)
        if module == "__main__" and make is torch_like:
            continue
        group = f"invented.{make.__name__}.{module.split('.')[0]}"
        build = lambda m=make, r=own, p=module: m(r, p)  # noqa: E731
        yield Thing("invented", build, group=group, notes=f"{make.__name__} {module}", most=2)
