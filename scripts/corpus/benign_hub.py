"""benign_hub - what repositories of model hubs hold: training_args, checkpoints, policies, wrapped nets.

Models are built from small configurations; nothing is fetched.
"""

from __future__ import annotations

import argparse
import functools
import io
import random
from collections.abc import Callable, Iterator
from typing import Any

import torch
from dumping import fix_addresses
from thing import Thing, raw
from wordlist import words

# A torchvision made for the CUDA build of torch comes without its operators and stumbles over these.
for operator in ("nms", "qnms"):
    torch.library.define(f"torchvision::{operator}", "(Tensor a, Tensor b, float c) -> Tensor")

SIZES = {
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "vocab_size": 30,
}
Makers = dict[str, Callable[[], Any]]


def arguments_of(name: str, rng: random.Random) -> Any:
    import transformers

    options: dict[str, Any] = {
        "learning_rate": rng.random() / 1000,
        "num_train_epochs": rng.randrange(1, 9),
        "lr_scheduler_type": rng.choice(["linear", "cosine", "constant"]),
        "save_strategy": rng.choice(["no", "epoch", "steps"]),
        "optim": rng.choice(["adamw_torch", "adafactor"]),
        "logging_dir": "runs/x",
        "seed": rng.randrange(99),
    }
    chosen = {key: options[key] for key in sorted(rng.sample(sorted(options), 4))}
    made: Any = getattr(transformers, name)
    for _ in range(5):
        try:
            return made(output_dir="out", use_cpu=True, report_to="none", **chosen)
        except TypeError as error:
            chosen = {k: v for k, v in chosen.items() if f"'{k}'" not in str(error)}
    return made(output_dir="out")


def of_transformers(rng: random.Random) -> Makers:
    import transformers

    found: Makers = {}
    for number in range(6):
        for name in ("TrainingArguments", "Seq2SeqTrainingArguments"):
            own = random.Random(rng.getrandbits(30))
            found[f"args {name} {number}"] = lambda n=name, r=own: arguments_of(n, r)  # type: ignore[misc]
    for name in words("Bert Roberta Albert Electra DistilBert GPT2 Llama ViT"):
        config = getattr(transformers, f"{name}Config")
        sizes = (
            {"dim": 8, "n_layers": 1, "n_heads": 2, "hidden_dim": 16}
            if name == "DistilBert"
            else dict(SIZES)
        )
        if name == "GPT2":
            sizes = {"n_embd": 8, "n_layer": 1, "n_head": 2, "vocab_size": 30}
        build = lambda n=name, c=config, s=sizes: getattr(transformers, f"{n}Model")(c(**s))  # noqa: E731
        found[f"weights {name}"] = lambda b=build: b().state_dict()  # type: ignore[misc]
        found[f"model {name}"] = build
        found[f"config {name}"] = lambda c=config, s=sizes: c(**s)  # type: ignore[misc]
    found["generation"] = lambda: transformers.GenerationConfig(max_length=20)
    found["batch"] = lambda: transformers.BatchEncoding({"input_ids": torch.ones(1, 3)})
    found["output"] = lambda: transformers.modeling_outputs.BaseModelOutput(
        last_hidden_state=torch.ones(1, 2, 2)
    )
    return found


def of_accelerate(rng: random.Random) -> Makers:
    import accelerate

    return {
        "distributed type": lambda: {"type": accelerate.DistributedType.NO, "state": 1},
        "plugin": lambda: accelerate.utils.GradientAccumulationPlugin(num_steps=2),
        "random states": lambda: {
            "step": 1,
            "random_state": random.Random(1).getstate(),
            "torch": torch.get_rng_state(),
        },
        "project": lambda: accelerate.utils.ProjectConfiguration(project_dir="x"),
    }


def of_sentences(rng: random.Random) -> Makers:
    import sentence_transformers as st
    from sentence_transformers.sentence_transformer import modules

    pooling: Any = modules.Pooling
    dense: Any = modules.Dense
    made: Any = st.SentenceTransformerTrainingArguments
    return {
        "pooling": lambda: pooling(8),
        "dense": lambda: dense(8, 4).state_dict(),
        "normalize": lambda: modules.Normalize(),
        "example": lambda: [st.InputExample(texts=["a", "b"], label=0.5)],
        "embeddings": lambda: {"sentences": ["a", "b"], "embeddings": torch.ones(2, 4)},
        "args": lambda: made(output_dir="out", use_cpu=True, report_to="none"),
        "encoder args": lambda: st.CrossEncoderTrainingArguments(
            output_dir="out", use_cpu=True, report_to="none"
        ),
    }


def of_skorch(rng: random.Random) -> Makers:
    import numpy as np
    from skorch import NeuralNetClassifier, NeuralNetRegressor

    class_weights = {"max_epochs": 1, "verbose": 0, "iterator_train__shuffle": False}
    x = np.random.RandomState(0).rand(20, 4).astype("f4")
    net = torch.nn.Sequential(torch.nn.Linear(4, 2), torch.nn.Softmax(1))
    return {
        "classifier": lambda: NeuralNetClassifier(net, **class_weights).fit(x, np.arange(20) % 2),
        "regressor": lambda: NeuralNetRegressor(torch.nn.Linear(4, 1), **class_weights).fit(
            x, x[:, :1]
        ),
        "unfitted": lambda: NeuralNetClassifier(net, **class_weights),
    }


def of_policies(rng: random.Random) -> Makers:
    import stable_baselines3 as sb

    def saved(name: str) -> bytes:
        out = io.BytesIO()
        model = getattr(sb, name)(
            "MlpPolicy", "CartPole-v1", policy_kwargs={"net_arch": [4]}, seed=1
        )
        model.save(out)
        return out.getvalue()

    def normalizer() -> Any:
        from stable_baselines3.common.running_mean_std import RunningMeanStd

        return RunningMeanStd(shape=(4,))

    return {"A2C": lambda: saved("A2C"), "PPO": lambda: saved("PPO"), "mean": normalizer}


def of_detectors(rng: random.Random) -> Makers:
    from ultralytics.nn.tasks import ClassificationModel, DetectionModel, SegmentationModel

    nets = {
        "yolov8n.yaml": DetectionModel,
        "yolov8n-cls.yaml": ClassificationModel,
        "yolov8n-seg.yaml": SegmentationModel,
    }

    def checkpoint(name: str) -> Any:
        model = nets[name](name, verbose=False)
        small = {key: value.reshape(-1)[:1].clone() for key, value in model.state_dict().items()}
        return {
            "epoch": -1,
            "model": shrunk(model),
            "ema": None,
            "train_args": {"data": "coco.yaml"},
            "small": small,
        }

    return {name: functools.partial(checkpoint, name) for name in nets}


def shrunk(model: Any) -> Any:
    """The same modules with next to no weights: the file is to be small."""
    for module in model.modules():
        for name, value in list(module._parameters.items()):
            if value is not None:
                module._parameters[name] = torch.nn.Parameter(
                    value.detach().reshape(-1)[:1].clone()
                )
    return model


def of_lightning(rng: random.Random) -> Makers:
    from pytorch_lightning.utilities.parsing import AttributeDict

    net = torch.nn.Linear(3, 2)
    return {
        "hparams": lambda: {
            "hyper_parameters": AttributeDict(lr=0.1, name="x"),
            "state_dict": net.state_dict(),
        },
        "checkpoint": lambda: {
            "epoch": 3,
            "global_step": 100,
            "pytorch-lightning_version": "2.1.0",
            "state_dict": net.state_dict(),
            "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"total": {"ready": 1}}}},
            "hparams_name": "kwargs",
            "hyper_parameters": argparse.Namespace(lr=0.1),
        },
    }


def of_torchvision(rng: random.Random) -> Makers:
    from torchvision import models, transforms

    return {
        "resnet": lambda: shrunk(models.resnet18()),
        "squeezenet": lambda: {
            k: v.reshape(-1)[:4].clone() for k, v in models.squeezenet1_0().state_dict().items()
        },
        "transforms": lambda: transforms.Compose(
            [transforms.Resize(8), transforms.ToTensor(), transforms.Normalize([0.5], [0.5])]
        ),
        "mobilenet": lambda: shrunk(models.mobilenet_v2()),
        "vgg": lambda: {"arch": "vgg11", "classes": 10, "best_acc1": torch.tensor(71.2)},
    }


SOURCES: list[Any] = [
    of_transformers,
    of_accelerate,
    of_sentences,
    of_skorch,
    of_policies,
    of_detectors,
]
SOURCES += [of_lightning, of_torchvision]
SUFFIXES = (".bin", ".pt", ".pth", ".ckpt")


def saved(build: Callable[[], Any], legacy: bool) -> bytes:
    out = io.BytesIO()
    value = build()
    if isinstance(value, bytes):
        return value
    torch.save(value, out, _use_new_zipfile_serialization=not legacy)
    return out.getvalue()


def things(rng: random.Random, tiny: bool) -> Iterator[Thing]:
    torch.manual_seed(1)
    fix_addresses()
    for source in SOURCES:
        library = source.__name__[3:]
        try:
            found = source(rng)
        except Exception as error:  # noqa: BLE001 - not there, or not for this version
            print(f"skipped {library}: {error!r}"[:160])
            continue
        for name in sorted(found)[:: 9 if tiny else 1]:
            group = f"{library}.{name.split()[0]}"
            for legacy in (False, True):
                build = lambda b=found[name], y=legacy: saved(b, y)  # noqa: E731
                yield raw(
                    library, build, rng.choice(SUFFIXES), f"{name} legacy={legacy}", group=group
                )
            if library not in ("policies", "detectors", "torchvision"):
                yield Thing(library, found[name], group=group, notes=name, most=2)
