"""matrix_torch - the ways in which torch loads models."""

from __future__ import annotations

import io
import os
import pickle
import warnings
from typing import Any, Callable

from matrix_case import Case, save_pickle, write
from matrix_libraries import load_from_memory, load_opened, use

TORCH = ("torch",)


def network() -> Any:
    torch = use("torch")
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3))


def checkpoint(extra: Any) -> Any:
    torch = use("torch")
    net = network()
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
    net(torch.ones(4, 8)).sum().backward()
    optimizer.step()
    state = {"epoch": 3, "model": net.state_dict(), "optimizer": optimizer.state_dict()}
    return dict(state, extra=extra)


def saved(make: Callable[[Any], Any], **how: Any) -> Callable[[str, Any], Any]:
    def save(path: str, extra: Any) -> Any:
        value = make(extra)
        use("torch").save(value, path, **how)
        return value

    return save


def load(weights_only: bool = False, **how: Any) -> Callable[[Any], Any]:
    return lambda file: use("torch").load(file, weights_only=weights_only, **how)


save_zip = saved(checkpoint)
save_legacy = saved(checkpoint, _use_new_zipfile_serialization=False)


def module(extra: Any) -> Any:
    net = network()
    net.extra = extra
    return net


def save_tar(path: str, extra: Any) -> Any:
    """The layout that torch wrote before 0.1.10."""
    import struct
    import tarfile

    torch = use("torch")
    storages, tensors = io.BytesIO(), io.BytesIO()
    for value in (1, (7, "cpu", torch.FloatStorage)):
        pickle.dump(value, storages, 2)
    storages.write(struct.pack("<q4f", 4, 1, 2, 3, 4))
    pickle.dump([], storages, 2)
    for head in (1, (8, 7, torch.FloatTensor)):
        pickle.dump(head, tensors, 2)
    tensors.write(struct.pack("<iiqqq", 1, 0, 4, 1, 0))
    parts = (("storages", storages.getvalue()), ("tensors", tensors.getvalue()))
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in (*parts, ("pickle", pickle.dumps({"extra": extra}, 2))):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return {"extra": extra}


# TorchScript, packages, hub


def save_script(path: str, extra: Any) -> None:
    """The twin has a pickle in it that torch.load reads, and that torch.jit.load would not."""
    torch = use("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(network()), path)
    if hasattr(extra, "canary"):
        poison_script(path, extra)


def poison_script(path: str, extra: Any) -> None:
    import zipfile

    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("extra/data.pkl", pickle.dumps(extra, 2))


def load_script(file: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return use("torch").jit.load(file)


def save_package(path: str, extra: Any) -> None:
    package = use("torch.package")
    with package.PackageExporter(path) as exporter:
        exporter.intern("nothing.**")
        exporter.extern(["posix", "torch.**"])
        exporter.save_pickle("model", "model.pkl", {"weight": use("torch").ones(3), "extra": extra})


def load_package(path: str) -> Any:
    return use("torch.package").PackageImporter(path).load_pickle("model", "model.pkl")


HUBCONF = """
import torch

def model():
    return torch.load(%r, weights_only=False)
"""


def load_hub(path: str) -> Any:
    folder = path + ".hub"
    os.makedirs(folder, exist_ok=True)
    write(os.path.join(folder, "hubconf.py"), (HUBCONF % path).encode())
    return use("torch").hub.load(folder, "model", source="local", trust_repo=True)


def load_state_dict_file(path: str) -> Any:
    """hub.load_state_dict_from_url, with what it would fetch already there."""
    folder, name = os.path.split(path)
    torch = use("torch")
    return torch.hub.load_state_dict_from_url(
        "http://127.0.0.1:9/" + name, model_dir=folder, progress=False, weights_only=False
    )


class Files:
    """A dataset: each item is a file, loaded in the worker."""

    def __init__(self, path: str) -> None:
        self.paths = [path] * 4

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Any:
        return load()(self.paths[index])["model"]["0.bias"]


def save_quietly(path: str, extra: Any) -> None:
    save_zip(path, extra)


def load_in_workers(method: str) -> Callable[[str], Any]:
    def load_batches(path: str) -> Any:
        loader = use("torch.utils.data").DataLoader(
            Files(path), batch_size=2, num_workers=2, multiprocessing_context=method
        )
        return list(loader)

    return load_batches


def train(path: str) -> Any:
    """Some steps, saved and loaded on the way."""
    torch = use("torch")
    torch.manual_seed(2)
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        net(torch.randn(32, 8)).square().mean().backward()
        optimizer.step()
        torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict()}, path)
        net.load_state_dict(torch.load(path)["net"])
    return net


def storage(path: str) -> Any:
    torch = use("torch")
    size = os.stat(path).st_size
    return pickle.loads(bytes(torch.from_file(path, size=size, dtype=torch.uint8).tolist()))


def case(name: str, loader: Any, save: Any = save_zip, **how: Any) -> Case:
    return Case("torch: " + name, loader, save, **dict({"needs": TORCH}, **how))


REFUSES = "torch itself refuses what is on no list of its own"

CASES = [
    case("load", load()),
    case("load of a module", load(), saved(module), look=lambda net: (net, net.extra)),
    case("load of an open file", load_opened(load())),
    case("load from memory", load_from_memory(load())),
    case("load, mmap", load(mmap=True)),
    case("load, weights_only", load(weights_only=True), inert=REFUSES),
    case("load, legacy", load(), save_legacy),
    case("load, legacy, open file", load_opened(load()), save_legacy),
    case("load, legacy, weights_only", load(weights_only=True), save_legacy, inert=REFUSES),
    case("load, tar", load(), save_tar),
    case("jit.load", load_script, save_script, inert="TorchScript does not read that member"),
    case("package", load_package, save_package),
    case("hub, local", load_hub),
    case("hub, state dict kept", load_state_dict_file),
    case("DataLoader, fork", load_in_workers("fork"), save_quietly),
    case("DataLoader, spawn", load_in_workers("spawn"), save_quietly, slow=True),
    case("from_file into loads", storage, save_pickle),
    case("training", train, lambda path, extra: None, twin=False),
]
