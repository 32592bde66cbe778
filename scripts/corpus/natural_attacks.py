"""natural_attacks - payloads written by the real picklers, as an attacker writes them: __reduce__.

The object is saved among harmless things by pickle, joblib, torch, numpy, dill and cloudpickle, in every
compression. Only ever saved: nothing here loads a pickle or calls what the payload calls.
"""

from __future__ import annotations

import collections
import importlib
import random
import types
from collections.abc import Iterator
from typing import Any

import invented
from arguments import Arguments
from benign_invented import attribute_value, nothing, register
from thing import Thing
from wordlist import words

REAL = words(
    "os.system os.popen posix.system subprocess.Popen subprocess.call subprocess.run subprocess.check_output"
    " subprocess.getoutput builtins.eval builtins.exec builtins.compile builtins.__import__ pty.spawn"
    " runpy.run_path runpy.run_module importlib.import_module shutil.rmtree os.remove os.execv os.putenv"
    " urllib.request.urlopen urllib.request.urlretrieve socket.create_connection webbrowser.open ctypes.CDLL"
    " timeit.timeit cProfile.run code.interact pdb.run os.kill os.unlink os.rename shutil.copy pickle.loads"
    " marshal.loads codecs.open io.open builtins.open smtplib.SMTP ftplib.FTP"
)


def arguments_for(name: str, rng: random.Random) -> tuple[Any, ...]:
    made = Arguments(rng)
    module, _, function = name.rpartition(".")
    if function in ("eval",):
        return (made.expr(),)
    if function in ("exec", "compile", "timeit", "run", "interact") and module != "subprocess":
        return (made.code(), "<string>", "exec") if function == "compile" else (made.code(),)
    if module in ("urllib.request", "webbrowser"):
        return (made.url(), made.path()) if function == "urlretrieve" else (made.url(),)
    if function in ("create_connection",):
        return ((made.host(), made.port()),)
    if function in ("SMTP", "FTP"):
        return (made.host(),)
    if function in ("__import__", "import_module", "run_module"):
        return (made.word(),)
    if function in ("open", "CDLL", "run_path"):
        return (made.path(), "w") if function == "open" else (made.path(),)
    if function in ("rmtree", "remove", "unlink"):
        return (made.folder(),)
    if function in ("rename", "copy", "putenv"):
        return (made.secret(), made.path())
    if function == "loads":
        return (b"cposix\nsystem\n(V" + made.word().encode() + b"\ntR.",)
    if function in ("kill",):
        return (1, 9)
    return (made.shell(),) if rng.random() < 0.6 or module in ("os", "posix") else (made.argv(),)


class Payload:
    """Pickled as a call."""

    def __init__(self, function: Any, arguments: tuple[Any, ...]) -> None:
        self.way = (function, arguments)

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.way


def existing(name: str) -> Any:
    module, _, function = name.rpartition(".")
    return getattr(importlib.import_module(module), function)


def made_up(rng: random.Random) -> tuple[str, Any]:
    verbs, nouns = rng.choice(
        [(invented.RUN_VERBS, invented.RUN_NOUNS), (invented.RUN_VERBS, invented.RUN_NOUNS)]
    )
    module = invented.module(rng)
    name = invented.styled(rng, rng.choice(verbs), rng.choice(nouns))
    return f"{module}.{name}", register(module, name, types.FunctionType(nothing.__code__, {}))


def payload(rng: random.Random) -> tuple[str, Any]:
    if rng.random() < 0.3:
        name, function = made_up(rng)
        made = Arguments(rng)
        arguments: tuple[Any, ...] = (rng.choice([made.shell, made.code, made.argv, made.url])(),)
    else:
        name = rng.choice(REAL)
        function, arguments = existing(name), arguments_for(name, rng)
    return name, Payload(function, arguments)


def model(rng: random.Random) -> Any:
    """Something that is worth being loaded."""
    import numpy

    ways: list[Any] = [
        {"weights": numpy.arange(40.0), "bias": 0.5},
        {"state_dict": collections.OrderedDict(w=numpy.ones((3, 3))), "epoch": 4},
        [numpy.zeros(8), "model", {"lr": 0.1}],
        {f"p{i}": attribute_value(rng, 2) for i in range(rng.randrange(1, 9))},
    ]
    if rng.random() < 0.3:
        from sklearn.linear_model import LogisticRegression

        ways.append(LogisticRegression().fit([[0.0], [1.0]], [0, 1]))
    return rng.choice(ways)


def holder(rng: random.Random, attack: Any) -> tuple[str, Any]:
    """The payload in a model: where, and the whole."""
    clean = model(rng)
    cls = register(invented.module(rng), invented.class_name(rng), type("C", (), {}))
    instance = cls()
    instance.__dict__.update(model=clean, callback=attack, name="v1")
    ways: list[tuple[str, Any]] = [
        ("alone", attack),
        ("in-list", [clean, attack]),
        ("in-list", [attack, clean]),
        ("in-list", [1, attack, clean, 2]),
        ("in-dict", {"model": clean, "meta": attack}),
        ("in-dict", {"a": {"b": {"c": attack}}, "model": clean}),
        ("in-state", instance),
        ("in-tuple", (attack, clean)),
        ("in-ordered", collections.OrderedDict(weights=clean, version=attack)),
    ]
    return rng.choice(ways)


def things(rng: random.Random, tiny: bool) -> Iterator[Thing]:
    for _ in range(12 if tiny else 260):
        callee, attack = payload(rng)
        position, value = holder(rng, attack)
        group = f"natural.{callee}"
        yield Thing(
            "real-pickler",
            None,
            value,
            group,
            callee,
            family="natural",
            label="malicious",
            position=position,
            callee=callee,
        )
