"""benign_torch - what torch saves: weights, modules, optimizers, checkpoints, TorchScript, packages."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from typing import Any

import torch
from dumping import fix_addresses
from thing import Thing, raw
from torch import nn, optim

SUFFIXES = (".pt", ".pth", ".bin", ".ckpt", ".tar", ".pkl", ".model")


def simple() -> Any:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 2))


def modules() -> dict[str, Callable[[], Any]]:
    lstm: dict[str, Any] = {"input_size": 4, "hidden_size": 3, "batch_first": True}
    return {
        "mlp": simple,
        "conv": lambda: nn.Sequential(
            nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.MaxPool2d(2), nn.Flatten()
        ),
        "lstm": lambda: nn.LSTM(**lstm),
        "gru": lambda: nn.GRU(4, 3, 2),
        "rnn": lambda: nn.RNN(4, 3),
        "transformer": lambda: nn.TransformerEncoderLayer(8, 2, 16),
        "encoder": lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 1),
        "attention": lambda: nn.MultiheadAttention(8, 2),
        "embedding": lambda: nn.EmbeddingBag(20, 4),
        "list": lambda: nn.ModuleList([nn.Linear(2, 2) for _ in range(3)]),
        "dict": lambda: nn.ModuleDict({"a": nn.Linear(2, 2), "act": nn.GELU()}),
        "parameters": lambda: nn.ParameterList([nn.Parameter(torch.zeros(3))]),
        "norms": lambda: nn.Sequential(nn.LayerNorm(4), nn.GroupNorm(2, 4), nn.InstanceNorm1d(4)),
        "activations": lambda: nn.Sequential(
            nn.ELU(), nn.SiLU(), nn.Softmax(1), nn.Tanh(), nn.PReLU()
        ),
        "upsample": lambda: nn.Sequential(nn.Upsample(scale_factor=2), nn.ConvTranspose2d(2, 1, 2)),
        "weightnorm": lambda: nn.utils.parametrizations.weight_norm(nn.Linear(3, 3)),
        "spectral": lambda: nn.utils.spectral_norm(nn.Linear(3, 3)),
        "loss": lambda: nn.CrossEntropyLoss(weight=torch.ones(3)),
        "bilinear": lambda: nn.Bilinear(2, 3, 4),
        "conv3d": lambda: nn.Conv3d(1, 1, 2),
    }


def trained(kind: str) -> Any:
    model = simple()
    made = getattr(optim, kind)(model.parameters(), lr=0.01)
    if kind not in ("LBFGS", "SparseAdam"):
        model(torch.ones(2, 4)).sum().backward()
        made.step()
    return model, made


def checkpoint(kind: str, seed: int) -> Any:
    rng = random.Random(seed)
    model, optimizer = trained(kind)
    scheduler = optim.lr_scheduler.StepLR(optimizer, 3)
    choices: dict[str, Any] = {
        "model": model.state_dict(),
        "model_state_dict": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "lr_schedulers": [scheduler.state_dict()],
        "epoch": rng.randrange(99),
        "loss": torch.tensor(rng.random()),
        "rng_state": torch.get_rng_state(),
        "hparams": {"lr": 0.01, "name": "exp1", "layers": [4, 8, 2]},
        "args": __import__("argparse").Namespace(lr=0.1, device="cuda:0", data="/data/train"),
        "classes": ["cat", "dog"],
        "dtype": torch.float16,
        "device": torch.device("cpu"),
        "version": torch.__version__,
        "best": {"acc": 0.93, "f1": None},
        "pytorch-lightning_version": "2.1.0",
        "callbacks": {
            "ModelCheckpoint{'monitor': 'val_loss'}": {"best_model_path": "ckpt/best.ckpt"}
        },
    }
    names = rng.sample(sorted(choices), rng.randrange(3, 8))
    return {name: choices[name] for name in sorted(names)}


def tensors() -> dict[str, Callable[[], Any]]:
    base = torch.arange(12.0).reshape(3, 4)
    kinds = [
        torch.float16,
        torch.bfloat16,
        torch.float64,
        torch.int8,
        torch.uint8,
        torch.int64,
        torch.bool,
    ]
    kinds += [torch.complex64]
    return {
        "tensor": lambda: base,
        "view": lambda: [base, base[1:], base.T],
        "kinds": lambda: {str(k): base.to(k) for k in kinds},
        "sparse": lambda: base.to_sparse(),
        "csr": lambda: base.to_sparse_csr(),
        "quantized": lambda: torch.quantize_per_tensor(base, 0.1, 0, torch.qint8),
        "parameter": lambda: nn.Parameter(base),
        "buffer": lambda: {"mean": base.mean(0), "std": base.std(0)},
        "size": lambda: [base.size(), base.stride()],
        "requires": lambda: base.clone().requires_grad_(),
        "storage": lambda: base.untyped_storage(),
        "nested": lambda: {"a": [{"b": (base, 1)}], "c": base},
        "generator": lambda: torch.Generator().get_state(),
        "nothing": lambda: {},
        "numbers": lambda: [1, 2.0, "x"],
        "scaler": lambda: {"scale": 65536.0, "growth_factor": 2.0, "_growth_tracker": 0},
        "packed": lambda: nn.utils.rnn.pack_padded_sequence(
            torch.ones(3, 2, 1), torch.tensor([3, 2])
        ),
        "distribution": lambda: torch.distributions.Normal(0.0, 1.0),
        "dataset": lambda: torch.utils.data.TensorDataset(base, base),
        "subset": lambda: torch.utils.data.Subset(torch.utils.data.TensorDataset(base), [0, 2]),
    }


def saved(value: Any, legacy: bool, protocol: int) -> bytes:
    out = io.BytesIO()
    torch.save(value, out, pickle_protocol=protocol, _use_new_zipfile_serialization=not legacy)
    return out.getvalue()


def script(traced: bool) -> bytes:
    model = simple().eval()
    made = torch.jit.trace(model, torch.ones(1, 4)) if traced else torch.jit.script(model)
    out = io.BytesIO()
    torch.jit.save(made, out)
    return out.getvalue()


def package() -> bytes:
    from torch.package import PackageExporter

    out = io.BytesIO()
    with PackageExporter(out) as exporter:
        exporter.extern("torch.**")
        exporter.save_source_string("net.layers", "import torch\n\n\ndef size():\n    return 3\n")
        exporter.save_pickle("weights", "weights.pkl", simple().state_dict())
    return out.getvalue()


def exported() -> bytes:
    out = io.BytesIO()
    torch.export.save(torch.export.export(simple().eval(), (torch.ones(1, 4),)), out)
    return out.getvalue()


def things(rng: random.Random, tiny: bool) -> Iterator[Thing]:
    torch.manual_seed(1)
    fix_addresses()
    step = 9 if tiny else 1
    makers: list[Any] = [(f"module {n}", b) for n, b in modules().items()]
    makers += [(f"weights {n}", lambda b=b: b().state_dict()) for n, b in modules().items()]
    makers += [(f"tensor {n}", b) for n, b in tensors().items()]
    kinds = [
        n for n in dir(optim) if n[:1].isupper() and n not in ("Optimizer", "SparseAdam", "Muon")
    ]
    makers += [(f"optimizer {n}", lambda k=n: trained(k)[1].state_dict()) for n in kinds]
    makers += [(f"optimizer object {n}", lambda k=n: trained(k)[1]) for n in kinds]
    for number in range(60):
        kind, seed = rng.choice(kinds), rng.getrandbits(30)
        makers.append((f"checkpoint {number}", lambda k=kind, s=seed: checkpoint(k, s)))
    for notes, build in makers[::step]:
        group = "torch." + notes.split()[0]
        for legacy in (False, True) if rng.random() < 0.5 else (False,):
            form = rng.choice([2, 2, 2, 3, 4, 5])
            made = lambda b=build, y=legacy, f=form: saved(b(), y, f)  # noqa: E731
            yield raw(
                "torch", made, rng.choice(SUFFIXES), f"{notes} legacy={legacy} {form}", group=group
            )
        if rng.random() < 0.4:
            yield Thing("torch", build, group=group, notes=notes, most=1)
    for name, make in {"traced": lambda: script(True), "scripted": lambda: script(False)}.items():
        yield raw("torch", make, ".pt", name, group="torch.script")
    yield raw("torch", package, ".pt", "torch.package", group="torch.package")
    if not tiny:
        yield raw("torch", exported, ".pt2", "torch.export", group="torch.export")
