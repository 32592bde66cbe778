"""members_cases - archives and arrays of the real libraries, in clean and malicious twins; a program of twin_case."""

import io
import json
import pickle
import struct
import tarfile
import types
import warnings
import zipfile
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import torch
from hdf5_files import (
    load_keras,
    load_keras_h5,
    load_pickled_h5,
    pickled_h5,
    save_keras,
    save_keras_h5,
)
from twin_case import Case, Load, Save, main

MAGIC = 0x1950A86A20F9469CFC6C
SYS_INFO = {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}


def objects(value: Any) -> Any:
    array = np.empty(2, dtype=object)
    array[0] = value
    return array


def npy(version: tuple[int, int] | None = None) -> Save:
    def save(path: Path, value: Any, canary: Path | None) -> None:
        with path.open("wb") as file:
            np.lib.format.write_array(file, objects(value), version=version)

    return save


def save_structured(path: Path, value: Any, canary: Path | None) -> None:
    inner = np.dtype([("name", "<U4"), ("O", "<f4", (2,)), ("thing", "O")])
    array = np.zeros(2, dtype=[("id", "<i8"), ("inner", inner)])
    array["inner"]["thing"][1] = value
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=True)


def save_in_a_row(path: Path, value: Any, canary: Path | None) -> None:
    with path.open("wb") as file:
        np.save(file, np.arange(5.0))
        np.save(file, objects("harmless"))
        np.save(file, objects(value))


def load_in_a_row(path: Path) -> Any:
    with path.open("rb") as file:
        return [np.load(file, allow_pickle=True) for _ in range(3)]


def load_npy(path: Path) -> Any:
    return np.load(path, allow_pickle=True)


def load_npz(path: Path) -> Any:
    with np.load(path, allow_pickle=True) as arrays:
        return {name: arrays[name] for name in arrays.files}


def npz(compressed: bool) -> Save:
    def save(path: Path, value: Any, canary: Path | None) -> None:
        write = np.savez_compressed if compressed else np.savez
        with path.open("wb") as file:
            write(file, weights=np.arange(100.0), things=objects(value))

    return save


def add_to_tar(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def tar(form: int) -> Save:
    def save(path: Path, value: Any, canary: Path | None) -> None:
        with tarfile.open(path, "w", format=form) as archive:
            add_to_tar(archive, "README", b"A model.\n")
            add_to_tar(archive, "folder/" * 15 + "modèle", pickle.dumps(value, 2))

    return save


def load_tar(path: Path) -> Any:
    with tarfile.open(path) as archive:
        (member,) = [one for one in archive.getmembers() if one.name.startswith("folder/")]
        return pickle.load(archive.extractfile(member))  # type: ignore[arg-type]


def save_nemo(path: Path, value: Any, canary: Path | None) -> None:
    weights = io.BytesIO()
    torch.save({"weight": torch.ones(3), "extra": value}, weights)
    with tarfile.open(path, "w:") as archive:
        add_to_tar(archive, "./model_config.yaml", b"sample_rate: 16000\n")
        add_to_tar(archive, "./model_weights.ckpt", weights.getvalue())


def load_nemo(path: Path) -> Any:
    with tarfile.open(path) as archive:
        weights = archive.extractfile("./model_weights.ckpt")
        return torch.load(io.BytesIO(weights.read()), weights_only=False)  # type: ignore[union-attr]


def torch_tar(where: str) -> Save:
    """The layout that torch wrote before 0.1.10, as _legacy_load() reads it."""

    def save(path: Path, value: Any, canary: Path | None) -> None:
        storages, tensors = io.BytesIO(), io.BytesIO()
        views = value if where == "storages" and canary else []
        pickle.dump(1, storages, 2)
        pickle.dump((7, "cpu", torch.FloatStorage), storages, 2)
        storages.write(struct.pack("<q4f", 4, 1, 2, 3, 4))
        pickle.dump(views, storages, 2)
        pickle.dump(2 if where == "tensors" and canary else 1, tensors, 2)
        pickle.dump((8, 7, torch.FloatTensor), tensors, 2)
        tensors.write(struct.pack("<iiqqq", 1, 0, 4, 1, 0))
        if where == "tensors" and canary:
            pickle.dump(value, tensors, 2)
        result = value if where == "pickle" and canary else {"epoch": 1}
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
            add_to_tar(archive, "storages", storages.getvalue())
            add_to_tar(archive, "tensors", tensors.getvalue())
            add_to_tar(archive, "pickle", pickle.dumps(result, 2))

    return save


def load_torch(path: Path) -> Any:
    return torch.load(path, weights_only=False)


def save_torch_zip(path: Path, value: Any, canary: Path | None) -> None:
    torch.save({"weight": torch.ones(3), "extra": value}, path)


def save_torch_legacy(path: Path, value: Any, canary: Path | None) -> None:
    state = {"weight": torch.ones(3), "extra": value}
    torch.save(state, path, _use_new_zipfile_serialization=False)


def computed(number: int) -> bytes:
    """A pickle that gives the number without holding it."""
    text = str(number).encode()
    return b"\x80\x02c__builtin__\nint\nX" + struct.pack("<I", len(text)) + text + b"\x85R."


def save_computed_magic(path: Path, value: Any, canary: Path | None) -> None:
    parts = [computed(MAGIC), computed(1001)]
    rest: list[Any] = [SYS_INFO, value, []]
    parts += [pickle.dumps(one, 2) for one in rest]
    path.write_bytes(b"".join(parts))


def save_package(path: Path, value: Any, canary: Path | None) -> None:
    attack = f"from os import system as run\nrun('touch {canary}')\n" if canary else ""
    with torch.package.PackageExporter(path) as exporter:
        exporter.save_source_string("net", "import math\n" + attack + "SCALE = math.pi\n")
        exporter.save_pickle("model", "model.pkl", {"weight": torch.ones(3)})


def load_package(path: Path) -> Any:
    importer = torch.package.PackageImporter(path)
    return importer.load_pickle("model", "model.pkl"), importer.import_module("net")


class Script(torch.nn.Module):
    """A module whose __setstate__ runs when torch.jit.load() reads it."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.count = 0

    @torch.jit.export
    def __getstate__(self) -> tuple[bool, str, int]:
        return (self.training, self.path, self.count)

    @torch.jit.export
    def __setstate__(self, state: tuple[bool, str, int]) -> None:
        self.training = state[0]
        self.path = state[1]
        self.count = torch.from_file(self.path, True, 4).numel()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def save_script(path: Path, value: Any, canary: Path | None) -> None:
    module = Script(str(canary)) if canary else torch.nn.Linear(3, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(module), path)


def load_script(path: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.load(path)


def save_mar(path: Path, value: Any, canary: Path | None) -> None:
    attack = f"import subprocess\nsubprocess.run(['touch', '{canary}'])\n" if canary else ""
    manifest = {"model": {"modelName": "net", "handler": "handler.py", "serializedFile": "net.pt"}}
    weights = io.BytesIO()
    torch.save({"weight": torch.ones(3)}, weights)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("MAR-INF/MANIFEST.json", json.dumps(manifest))
        archive.writestr("handler.py", attack + "def handle(data, context):\n    return data\n")
        archive.writestr("net.pt", weights.getvalue())


def load_mar(path: Path) -> Any:
    """As TorchServe's model loader does: the handler of the manifest is imported."""
    with zipfile.ZipFile(path) as archive:
        name = json.loads(archive.read("MAR-INF/MANIFEST.json"))["model"]["handler"]
        module = types.ModuleType("handler")
        exec(compile(archive.read(name), name, "exec"), module.__dict__)
        return module.handle


def save_pickle(path: Path, value: Any, canary: Path | None) -> None:
    path.write_bytes(pickle.dumps(value, 4))


def save_text_pickle(path: Path, value: Any, canary: Path | None) -> None:
    path.write_bytes(pickle.dumps(value, 0))


def load_pickle(path: Path) -> Any:
    with path.open("rb") as file:
        return pickle.load(file)


def text_member(path: Path, value: Any, canary: Path | None) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("notes.txt", "nothing here")
        archive.writestr("weights", pickle.dumps(value, 0))


def load_text_member(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        return pickle.loads(archive.read("weights"))


def compressed_joblib(how: str) -> Save:
    def save(path: Path, value: Any, canary: Path | None) -> None:
        joblib.dump({"x": np.arange(1000.0), "extra": value}, path, compress=(how, 3))

    return save


def save_polyglot(evil: str) -> Save:
    """Valid as a pickle, a tar and a zip, each with content of its own."""

    def save(path: Path, value: Any, canary: Path | None) -> None:
        readings = ("pickle", "tar", "zip")
        dumped = {one: pickle.dumps(value if one == evil else one, 2) for one in readings}
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar_file:
            member = tarfile.TarInfo("placeholder")
            member.size = len(dumped["tar"])
            tar_file.addfile(member, io.BytesIO(dumped["tar"]))
        data = bytearray(archive.getvalue())
        short = pickle_in_a_name(canary if evil == "pickle" else None)
        data[:100] = short.ljust(100, b"\0")
        checksum(data)
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as zip_file:
            zip_file.writestr("model.pkl", dumped["zip"])
        path.write_bytes(bytes(data) + inner.getvalue())

    return save


def pickle_in_a_name(canary: Path | None) -> bytes:
    """A pickle of at most 100 bytes without NUL."""
    if canary is None:
        return b"(S'clean'\nt."
    return b"cos\nsystem\n(S'touch " + str(canary).encode() + b"'\ntR."


def checksum(header: bytearray) -> None:
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header[:512])


def load_polyglot(evil: str) -> Load:
    def load(path: Path) -> Any:
        if evil == "pickle":
            return load_pickle(path)
        if evil == "zip":
            with zipfile.ZipFile(path) as archive:
                return pickle.loads(archive.read("model.pkl"))
        with tarfile.open(path) as tar_file:
            return pickle.load(tar_file.extractfile(tar_file.next()))  # type: ignore[arg-type]

    return load


COMPRESSORS = ("zlib", "gzip", "bz2", "lzma", "xz", "lz4")

CASES = (
    Case("npy-object", ("C14",), npy(), load_npy, "npy"),
    Case("npy-object-2.0", ("C14",), npy((2, 0)), load_npy, "npy"),
    Case("npy-object-3.0", ("C14",), npy((3, 0)), load_npy, "npy"),
    Case("npy-structured", ("C14",), save_structured, load_npy, "npy"),
    Case("npy-in-a-row", ("C14",), save_in_a_row, load_in_a_row, "npy"),
    Case("npz", ("C14",), npz(False), load_npz, "npz"),
    Case("npz-compressed", ("C14",), npz(True), load_npz, "npz"),
    Case("tar-ustar", (), tar(tarfile.USTAR_FORMAT), load_tar, "tar"),
    Case("tar-gnu", (), tar(tarfile.GNU_FORMAT), load_tar, "tar"),
    Case("tar-pax", (), tar(tarfile.PAX_FORMAT), load_tar, "tar"),
    Case("nemo", (), save_nemo, load_nemo, "tar"),
    Case("torch-tar-pickle", ("C11",), torch_tar("pickle"), load_torch, "tar"),
    Case("torch-tar-storages", ("C11",), torch_tar("storages"), load_torch, "tar"),
    Case("torch-tar-tensors", ("C11",), torch_tar("tensors"), load_torch, "tar"),
    Case("torch-zip", ("C10",), save_torch_zip, load_torch, "torch-zip"),
    Case("torch-legacy", ("C10",), save_torch_legacy, load_torch, "torch-legacy"),
    Case("torch-computed-magic", ("C15",), save_computed_magic, load_torch, "pickle"),
    Case("torch-package", ("C16",), save_package, load_package, "torch-package", "suspicious"),
    Case(
        "torchscript",
        ("C16",),
        save_script,
        load_script,
        "torchscript",
        evil="suspicious",
        words=("TorchScript that opens or writes files",),
    ),
    Case(
        "torchserve",
        ("C16",),
        save_mar,
        load_mar,
        "torchserve",
        "suspicious",
        words=("subprocess.run",),
    ),
    Case("keras", ("C19",), save_keras, load_keras, "keras", "suspicious", coverage="none"),
    Case("keras-h5", ("C19",), save_keras_h5, load_keras_h5, "hdf5", "suspicious", coverage="none"),
    Case("h5-pickle-4", (), pickled_h5(4), load_pickled_h5, "hdf5", coverage="none"),
    Case("h5-pickle-0", (), pickled_h5(0), load_pickled_h5, "hdf5", coverage="none"),
    Case("raw.pt", ("C9",), save_pickle, load_pickle, "pickle"),
    Case("raw-text.safetensors", ("C10",), save_text_pickle, load_pickle, "pickle"),
    Case("text-member", ("C13",), text_member, load_text_member, "zip"),
    *(
        Case(f"joblib-{how}", ("C12",), compressed_joblib(how), joblib.load, how)
        for how in COMPRESSORS
    ),
    Case("polyglot-pickle", ("C17",), save_polyglot("pickle"), load_polyglot("pickle"), "tar"),
    Case("polyglot-tar", ("C17",), save_polyglot("tar"), load_polyglot("tar"), "tar"),
    Case("polyglot-zip", ("C17",), save_polyglot("zip"), load_polyglot("zip"), "tar"),
)


if __name__ == "__main__":
    main(CASES)
