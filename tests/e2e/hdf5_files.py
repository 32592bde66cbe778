"""hdf5_files - models of Keras, in a zip and in HDF5, and pickles in HDF5, in clean and malicious twins."""

import codecs
import io
import json
import marshal
import pickle
import types
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from twin_case import Save


def keras_config(canary: Path | None) -> str:
    """A model with a Lambda layer, as Keras 3 writes it."""
    source = f"__import__('os').system('touch {canary}')" if canary else "x * 2"
    code = eval(f"lambda x: {source}").__code__
    text = codecs.encode(marshal.dumps(code), "base64").decode("ascii")
    function = {"class_name": "__lambda__", "config": {"code": text, "defaults": None}}
    layers = [
        {"module": "keras.layers", "class_name": "InputLayer", "config": {"name": "input"}},
        {"module": "keras.layers", "class_name": "Lambda", "config": {"function": function}},
        {"module": "keras.layers", "class_name": "Dense", "config": {"units": 3}},
    ]
    model = {"module": "keras", "class_name": "Sequential", "config": {"layers": layers}}
    return json.dumps(model)


def run_lambda(config: str) -> Any:
    """As func_load() of Keras does, and the call of the layer that follows."""
    layer = json.loads(config)["config"]["layers"][1]
    text = layer["config"]["function"]["config"]["code"]
    code = marshal.loads(codecs.decode(text.encode("ascii"), "base64"))
    return types.FunctionType(code, globals())(1)


def save_keras(path: Path, value: Any, canary: Path | None) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.0"}')
        archive.writestr("config.json", keras_config(canary))
        archive.writestr("model.weights.h5", weights_h5())


def weights_h5() -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset("dense/kernel", data=np.ones((3, 3), dtype="f4"))
    return buffer.getvalue()


def load_keras(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        return run_lambda(archive.read("config.json").decode())


def save_keras_h5(path: Path, value: Any, canary: Path | None) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "3.0"
        file.attrs["model_config"] = keras_config(canary)
        file.create_dataset("weights", data=np.random.default_rng(1).normal(size=(300, 300)))


def load_keras_h5(path: Path) -> Any:
    with h5py.File(path) as file:
        return run_lambda(file.attrs["model_config"])


def pickled_h5(protocol: int) -> Save:
    """As PyTables keeps objects: pickled, in attributes and arrays of bytes."""

    def save(path: Path, value: Any, canary: Path | None) -> None:
        with h5py.File(path, "w") as file:
            file.create_dataset(
                "noise", data=np.random.default_rng(1).integers(0, 256, 100_000, "u1")
            )
            file.create_dataset("object", data=np.void(pickle.dumps(value, protocol)))

    return save


def load_pickled_h5(path: Path) -> Any:
    with h5py.File(path) as file:
        return pickle.loads(file["object"][()].tobytes())
