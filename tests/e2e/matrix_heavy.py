"""matrix_heavy - libraries that few test runs have: what they keep models in, and how they load it."""

from __future__ import annotations

import logging
import os
import pickle
import sys
from typing import Any, Callable

from matrix_case import Case
from matrix_libraries import data, dumped, load_pickle, pickle_dump, use

# Gradient boosting


def booster(library: str, name: str, **how: Any) -> Callable[[], Any]:
    def make() -> Any:
        logging.disable(logging.WARNING)
        return getattr(use(library), name)(n_estimators=3, **how).fit(*data())

    return make


def answers(value: Any) -> Any:
    return value["extra"], value["model"].predict(data()[0])


def boosted(name: str, library: str, kind: str, **how: Any) -> Case:
    save = dumped(pickle_dump, booster(library, kind, **how))
    return Case(name + ": a pickled model", load_pickle, save, answers, needs=(library,))


def save_native(library: str, kind: str, **how: Any) -> Callable[[str, Any], Any]:
    def save(path: str, extra: Any) -> None:
        native = booster(library, kind, **how)()
        if library == "xgboost":
            native.save_model(path + ".ubj")
        else:
            native.booster_.save_model(path + ".txt")

    return save


def load_xgboost(path: str) -> Any:
    model = use("xgboost").XGBClassifier()
    model.load_model(path + ".ubj")
    return model.predict(data()[0])


def load_lightgbm(path: str) -> Any:
    return use("lightgbm").Booster(model_file=path + ".txt").predict(data()[0])


# transformers: a folder with a configuration and pytorch_model.bin, of which path is a link


def transformers() -> Any:
    try:
        use("torchvision")
    except (ImportError, RuntimeError):  # not there, or built for another torch
        sys.modules["torchvision"] = None  # type: ignore[assignment]
    return use("transformers")


def save_transformer(path: str, extra: Any) -> Any:
    torch = use("torch")
    torch.manual_seed(3)
    sizes = {"vocab_size": 50, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers().BertConfig(**sizes, intermediate_size=8)
    model = transformers().BertModel(config)
    folder = path + ".folder"
    os.makedirs(folder, exist_ok=True)
    model.config.save_pretrained(folder)
    state = dict(model.state_dict())
    if hasattr(extra, "canary"):
        state["extra"] = extra
    torch.save(state, os.path.join(folder, "pytorch_model.bin"))
    return model


def load_transformer(path: str) -> Any:
    transformers().logging.set_verbosity_error()
    return transformers().BertModel.from_pretrained(path + ".folder", local_files_only=True)


def load_automatically(path: str) -> Any:
    return transformers().AutoModel.from_pretrained(path + ".folder", local_files_only=True)


# gensim, spaCy, statsmodels


def vectors(extra: Any) -> Any:
    sentences = [["one", "two", "three"], ["two", "four"]] * 10
    model = use("gensim.models").Word2Vec(sentences, vector_size=8, min_count=1, workers=1, seed=1)
    model.extra = extra
    return model


def save_vectors(path: str, extra: Any) -> Any:
    model = vectors(extra)
    model.save(path)
    return model


def load_vectors(path: str) -> Any:
    return use("gensim.models").Word2Vec.load(path)


def words(model: Any) -> Any:
    return model.extra, model.wv.index_to_key, model.wv.vectors


def save_spacy(path: str, extra: Any) -> Any:
    """A component whose data is pickled, as some keep it; spaCy itself writes msgpack."""
    nlp = use("spacy").blank("en")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(path + ".folder")
    with open(path, "wb") as file:
        pickle.dump({"nlp": nlp, "extra": extra}, file)
    return [nlp.pipe_names, extra]


def load_spacy(path: str) -> Any:
    nlp = use("spacy").load(path + ".folder")
    with open(path, "rb") as file:
        kept = pickle.load(file)
    assert [one.text for one in nlp("One. Two.").sents] == ["One.", "Two."]
    return [kept["nlp"].pipe_names, kept["extra"]]


def save_docs(path: str, extra: Any) -> Any:
    """DocBin packs user data with srsly.pickle_dumps where it is asked to keep it."""
    doc = use("spacy").blank("en")("Some words.")
    with open(path, "wb") as file:
        pickle.dump([doc, extra], file)
    return ["Some words.", extra]


def load_docs(path: str) -> Any:
    doc, extra = load_pickle(path)
    return [doc.text, extra]


def fitted(extra: Any) -> Any:
    numbers, kinds = data()
    result = use("statsmodels.api").OLS(kinds, numbers).fit()
    result.extra = extra
    return result


def save_fit(path: str, extra: Any) -> Any:
    result = fitted(extra)
    result.save(path)
    return result


def load_fit(path: str) -> Any:
    return use("statsmodels.iolib.smpickle").load_pickle(path)


def save_net(path: str, extra: Any) -> Any:
    """skorch: what save_params writes for an optimizer is torch's; the net itself is pickled."""
    skorch, torch = use("skorch"), use("torch")
    torch.manual_seed(1)
    numbers, kinds = data()
    net = skorch.NeuralNetRegressor(
        torch.nn.Linear,
        module__in_features=4,
        module__out_features=1,
        max_epochs=1,
        verbose=0,
        train_split=None,
    )
    net.fit(numbers.astype("f4"), kinds.astype("f4").reshape(-1, 1))
    net.extra = extra
    with open(path, "wb") as file:
        pickle.dump(net, file)
    return net


def net_answers(net: Any) -> Any:
    return net.extra, net.predict(data()[0].astype("f4"))


CASES = [
    boosted("xgboost", "xgboost", "XGBClassifier", n_jobs=1),
    boosted("lightgbm", "lightgbm", "LGBMClassifier", n_jobs=1, verbose=-1),
    boosted("catboost", "catboost", "CatBoostClassifier", verbose=False, allow_writing_files=False),
    Case(
        "xgboost: load_model",
        load_xgboost,
        save_native("xgboost", "XGBClassifier", n_jobs=1),
        needs=("xgboost",),
        twin=False,
    ),
    Case(
        "lightgbm: model_file",
        load_lightgbm,
        save_native("lightgbm", "LGBMClassifier", n_jobs=1, verbose=-1),
        needs=("lightgbm",),
        twin=False,
    ),
    Case(
        "transformers: from_pretrained",
        load_transformer,
        save_transformer,
        needs=("transformers", "torch"),
        inert="transformers loads with weights_only",
    ),
    Case(
        "transformers: AutoModel",
        load_automatically,
        save_transformer,
        needs=("transformers", "torch"),
        inert="transformers loads with weights_only",
    ),
    Case("gensim: Word2Vec.load", load_vectors, save_vectors, words, needs=("gensim",)),
    Case("spaCy: a pickled pipeline", load_spacy, save_spacy, needs=("spacy",), silent=False),
    Case("spaCy: a pickled document", load_docs, save_docs, needs=("spacy",), silent=False),
    Case(
        "statsmodels: load_pickle",
        load_fit,
        save_fit,
        lambda fit: (fit.extra, fit.params),
        needs=("statsmodels",),
    ),
    Case("skorch: a pickled net", load_pickle, save_net, net_answers, needs=("skorch",)),
]
