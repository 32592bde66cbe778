"""invented - names of modules, functions and classes of projects that do not exist.

The same modules hold harmless classes and functions that run what they are given, so that it is
the name of the function and its arguments that tell, not that a module is unknown.
"""

from __future__ import annotations

import random

from wordlist import words

TOP = words(
    "acme zephyr northwind quanta lumen orbit pixel mango delta nimbus kestrel harbor atlas tundra"
    " falcon cobalt ember willow onyx raven cedar juniper sable argon helix prism vertex fathom"
    " churn fraud credit retail sales weather traffic energy health genome protein molecule tweet"
    " review spam movie music recipe player stock crypto sensor robot drone satellite crop water"
)
KIND = words(
    "utils helpers core lib models model ml ai pipeline train training common tools base engine api"
    " services features preprocessing nn layers data dataset io runtime ops internal main app infra"
    " backend estimators transforms wrappers serving inference compat config serialization objects"
)
RUN_VERBS = words(
    "run execute exec_ launch spawn invoke eval_ do call sh shell start fire perform trigger"
    " dispatch process handle"
)
RUN_NOUNS = words(
    "shell command cmd script code system process program bash subprocess external task hook job"
    " payload remote python source string expression binary tool"
)
FETCH_VERBS = words(
    "download fetch get pull load request retrieve send upload post ping open connect"
)
FETCH_NOUNS = words(
    "url file remote http page data webhook endpoint socket host server beacon script"
)
WRITE_VERBS = words(
    "write save dump put append create store install persist copy delete remove wipe"
)
WRITE_NOUNS = words("file text path config startup folder tree key hook entry crontab profile")
LOAD_VERBS = words(
    "load_module import_from import_file load_plugin load_object resolve locate loads unpickle"
)
CLASS_FIRST = words(
    "Simple Linear Deep Neural Fast Custom Weighted Hybrid Stacked Robust Time Text Image Tabular"
    " Graph User Item Token Feature Label Batch Online Multi Auto Base My Sales Price Risk Market"
)
CLASS_LAST = words(
    "Model Classifier Regressor Net Encoder Decoder Scaler Transformer Pipeline Vectorizer Dataset"
    " Tokenizer Config Params State Vocab Tree Node Agent Policy Record Result Report Wrapper Layer"
    " Selector Imputer Embedding Predictor Recommender Estimator Schema Document Graph Entity"
)
CLEAN_FUNCTIONS = words(
    "_reconstruct _rebuild _from_state _restore _unpickle make_model from_dict build_layer"
    " _make_record rebuild_tree _new_instance restore_vocab identity relu tokenize clean_text"
    " log_transform to_float normalize default_factory zero_vector _init_weights create_default"
    " split_words lower_text get_length squared_error custom_loss"
)


def pascal(word: str) -> str:
    return "".join(part.capitalize() for part in word.split("_"))


def camel(words: list[str]) -> str:
    return words[0] + "".join(word.capitalize() for word in words[1:])


def module(rng: random.Random) -> str:
    """Dotted, as projects name theirs: acme_utils, zephyr.core.io, src.models, __main__ …"""
    roll = rng.random()
    if roll < 0.08:
        return "__main__"
    top = rng.choice(TOP)
    if roll < 0.2:
        return rng.choice(KIND)
    if roll < 0.35:
        return f"{top}_{rng.choice(KIND)}"
    if roll < 0.45:
        return f"{rng.choice(['src', 'app', 'lib', 'project', 'scripts'])}.{rng.choice(KIND)}.{top}"
    if roll < 0.5:
        return f"{pascal(top)}{pascal(rng.choice(KIND))}"
    if roll < 0.55:
        return f"_{top}{rng.randrange(10)}"
    parts = [top + rng.choice(["", "", "ml", "py", "lib", "_ai", str(rng.randrange(9))])]
    parts += [rng.choice(["", "_"]) + rng.choice(KIND) for _ in range(rng.randrange(1, 4))]
    return ".".join(parts)


def styled(rng: random.Random, verb: str, noun: str) -> str:
    """A function's name in one of the usual styles."""
    words = [verb.strip("_"), *([noun] if noun else [])]
    roll = rng.random()
    if roll < 0.55:
        name = "_".join(words)
    elif roll < 0.7:
        name = camel(words)
    elif roll < 0.8:
        name = "".join(words)
    elif roll < 0.9:
        name = "_" + "_".join(words)
    else:
        name = "_".join(
            [*words, rng.choice(["sync", "safe", "impl", "now", "v2", "wrapper", "async"])]
        )
    if rng.random() < 0.15:
        return f"{class_name(rng)}.{name}"
    return name


def class_name(rng: random.Random) -> str:
    roll = rng.random()
    name = rng.choice(CLASS_FIRST) + rng.choice(CLASS_LAST)
    if roll < 0.15:
        return rng.choice(CLASS_LAST)
    if roll < 0.25:
        return "_" + name
    if roll < 0.32:
        return pascal(rng.choice(TOP)) + rng.choice(CLASS_LAST)
    if roll < 0.37:
        return (rng.choice(CLASS_FIRST) + "_" + rng.choice(CLASS_LAST)).lower()
    if roll < 0.42:
        return name[:3].upper() + rng.choice(CLASS_LAST)
    return name


def clean_function(rng: random.Random) -> str:
    name = rng.choice(CLEAN_FUNCTIONS)
    return f"{class_name(rng)}.{name}" if rng.random() < 0.1 else name


def opaque(rng: random.Random) -> str:
    """A name that says nothing."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    ways = ["".join(rng.choices(letters, k=rng.randrange(1, 7))), f"f{rng.randrange(99)}", "main"]
    ways += ["handler", "callback", "apply", "entry", "go", "x", f"_{rng.choice(letters)}"]
    return rng.choice(ways)
