"""matrix_keras - Keras with torch behind it: whole models, and weights."""

from __future__ import annotations

import os
from typing import Any, Callable

from matrix_case import Case
from matrix_libraries import use

os.environ.setdefault("KERAS_BACKEND", "torch")


def model(extra: Any) -> Any:
    """The twin's Lambda layer runs as the model is put together again."""
    keras = use("keras")
    keras.utils.set_random_seed(1)
    layers = [keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(2)]
    if hasattr(extra, "canary"):
        touch = eval(f"lambda x: (__import__('os').system('touch {extra.canary}'), x)[1]")
        layers.append(keras.layers.Lambda(touch))
    return keras.Sequential(layers)


def save(ending: str) -> Callable[[str, Any], Any]:
    def save_model(path: str, extra: Any) -> Any:
        made = model(extra)
        made.save(path + ending)
        if os.path.exists(getattr(extra, "canary", "")):
            os.unlink(extra.canary)  # it ran as the model was made
        return made

    return save_model


def load(ending: str) -> Callable[[str], Any]:
    return lambda path: use("keras").models.load_model(path + ending, safe_mode=False)


def save_weights(path: str, extra: Any) -> Any:
    made = model(None)
    made.save_weights(path + ".weights.h5")
    return made


def load_weights(path: str) -> Any:
    made = model(None)
    made.load_weights(path + ".weights.h5")
    return made


def weights(made: Any) -> Any:
    return made.get_weights()


UNHEARD = "a layer's code is no pickle: no unpickler is at work"
MUTE = "Keras says that there is no such file"
HOW: dict[str, Any] = {"look": weights, "needs": ("keras", "torch", "h5py"), "silent": False}

CASES = [
    Case(
        "keras: load_model, .keras",
        load(".keras"),
        save(".keras"),
        unheard=UNHEARD,
        mute=MUTE,
        **HOW,
    ),
    Case("keras: load_model, .h5", load(".h5"), save(".h5"), unheard=UNHEARD, **HOW),
    Case("keras: load_weights", load_weights, save_weights, twin=False, **HOW),
]
