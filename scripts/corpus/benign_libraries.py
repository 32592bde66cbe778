"""benign_libraries - objects of smaller libraries; each that is there gives what it can."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from thing import Thing

TEXTS = [["good", "film", "about", "dogs"], ["bad", "film"], ["cats", "and", "dogs", "film"]] * 4
if TYPE_CHECKING:
    Makers = dict[str, Callable[[], Any]]


def x() -> Any:
    return np.random.RandomState(0).rand(30, 3)


def of_networkx() -> Makers:
    import networkx as nx

    return {
        "path": lambda: nx.path_graph(6),
        "digraph": lambda: nx.DiGraph([(1, 2), (2, 3)]),
        "multi": lambda: nx.MultiDiGraph([(1, 2), (1, 2)]),
        "weighted": lambda: nx.barbell_graph(4, 2),
        "karate": lambda: nx.karate_club_graph(),
        "layout": lambda: nx.circular_layout(nx.path_graph(4)),
        "attributes": lambda: nx.relabel_nodes(nx.star_graph(3), {0: "hub"}),
    }


def of_statsmodels() -> Makers:
    import statsmodels.api as sm
    import statsmodels.formula.api as smf
    from pandas import DataFrame, Series, date_range

    data = DataFrame(x(), columns=list("abc"))
    series = Series(x()[:, 0], index=date_range("2020-01-01", periods=30, freq="D"))
    return {
        "ols": lambda: sm.OLS(data["a"], sm.add_constant(data[["b", "c"]])).fit(),
        "formula": lambda: smf.ols("a ~ b + c", data).fit(),
        "glm": lambda: sm.GLM(data["a"], data[["b", "c"]]).fit(),
        "logit": lambda: sm.Logit((data["a"] > 0.5).astype(int), data[["b"]]).fit(disp=0),
        "arima": lambda: sm.tsa.ARIMA(series, order=(1, 0, 0)).fit(),
        "smoothing": lambda: sm.tsa.Holt(series, initialization_method="estimated").fit(),
        "kde": lambda: sm.nonparametric.KDEUnivariate(data["a"]).fit(),
        "model": lambda: sm.OLS(data["a"], data[["b"]]),
    }


def of_gensim() -> Makers:
    from gensim import corpora, models

    dictionary = corpora.Dictionary(TEXTS)
    bags = [dictionary.doc2bow(text) for text in TEXTS]
    small = {"vector_size": 4, "min_count": 1, "workers": 1, "seed": 1, "epochs": 2}
    docs = [models.doc2vec.TaggedDocument(t, [n]) for n, t in enumerate(TEXTS)]
    return {
        "word2vec": lambda: models.Word2Vec(TEXTS, **small),
        "vectors": lambda: models.Word2Vec(TEXTS, **small).wv,
        "doc2vec": lambda: models.Doc2Vec(docs, **small),
        "fasttext": lambda: models.FastText(TEXTS, bucket=50, **small),
        "dictionary": lambda: dictionary,
        "tfidf": lambda: models.TfidfModel(bags),
        "lda": lambda: models.LdaModel(bags, 2, dictionary, random_state=1),
        "lsi": lambda: models.LsiModel(bags, 2, id2word=dictionary, random_seed=1),
        "phrases": lambda: models.Phrases(TEXTS),
        "phraser": lambda: models.phrases.Phraser(models.Phrases(TEXTS)),
        "corpus": lambda: bags,
    }


def of_spacy() -> Makers:
    import spacy

    nlp = spacy.blank("en")
    return {
        "doc": lambda: nlp("A model reads a short text."),
        "vocab": lambda: spacy.vocab.Vocab(strings=["a", "b"]),
        "strings": lambda: nlp.vocab.strings,
        "bytes": lambda: nlp("Some text.").to_bytes(),
        "example": lambda: {"text": "x", "entities": [(0, 1, "ORG")], "doc": nlp("Two words")},
        "config": lambda: dict(nlp.config),
        "vectors": lambda: spacy.vectors.Vectors(shape=(4, 4)),
    }


def of_nltk() -> Makers:
    import nltk

    train = [({"last": "a"}, "f"), ({"last": "k"}, "m")] * 5
    return {
        "bayes": lambda: nltk.NaiveBayesClassifier.train(train),
        "frequencies": lambda: nltk.FreqDist(TEXTS[0]),
        "conditional": lambda: nltk.ConditionalFreqDist([(1, "a"), (2, "b")]),
        "tree": lambda: nltk.Tree("S", [nltk.Tree("NP", ["dog"])]),
        "unigram": lambda: nltk.UnigramTagger([[("dog", "N"), ("runs", "V")]]),
        "bigram": lambda: nltk.BigramTagger(
            [[("dog", "N"), ("runs", "V")]], backoff=nltk.DefaultTagger("N")
        ),
        "stemmer": lambda: nltk.stem.PorterStemmer(),
        "snowball": lambda: nltk.stem.SnowballStemmer("german"),
        "grammar": lambda: nltk.CFG.fromstring("S -> 'a' S | 'b'"),
        "tokenizer": lambda: nltk.RegexpTokenizer(r"\w+"),
        "decision": lambda: nltk.DecisionTreeClassifier.train(train),
        "punkt": lambda: nltk.tokenize.punkt.PunktTrainer("One. Two. Three Mr. X.").get_params(),
    }


def of_sympy() -> Makers:
    import sympy

    s = sympy.symbols("s")
    return {
        "expression": lambda: sympy.sin(s) ** 2 + 3 * s,
        "matrix": lambda: sympy.Matrix([[s, 1], [2, 3]]),
        "solved": lambda: sympy.solve(s**2 - 2, s),
        "rational": lambda: [sympy.Rational(1, 3), sympy.pi, sympy.oo],
        "piecewise": lambda: sympy.Piecewise((s, s > 0), (0, True)),
    }


def of_astropy() -> Makers:
    from astropy import coordinates, table, time, units

    return {
        "quantity": lambda: 3.0 * units.km / units.s,
        "table": lambda: table.Table({"a": [1, 2], "b": ["x", "y"]}),
        "time": lambda: time.Time("2020-01-01T00:00:00"),
        "sky": lambda: coordinates.SkyCoord(10.0 * units.deg, 20.0 * units.deg),
    }


def of_lifelines() -> Makers:
    import lifelines
    from pandas import DataFrame

    frame = DataFrame({"t": range(1, 31), "e": [1, 0, 1] * 10, "v": x()[:, 0]})
    return {
        "km": lambda: lifelines.KaplanMeierFitter().fit(frame["t"], frame["e"]),
        "cox": lambda: lifelines.CoxPHFitter().fit(frame, "t", "e"),
        "weibull": lambda: lifelines.WeibullFitter().fit(frame["t"], frame["e"]),
    }


def of_hmmlearn() -> Makers:
    from hmmlearn import hmm

    return {
        "gaussian": lambda: hmm.GaussianHMM(2, random_state=1, n_iter=3).fit(x()),
        "gmm": lambda: hmm.GMMHMM(2, random_state=1, n_iter=3).fit(x()),
        "unfitted": lambda: hmm.CategoricalHMM(3),
    }


def of_imblearn() -> Makers:
    from imblearn import ensemble, over_sampling, pipeline, under_sampling
    from sklearn.linear_model import LogisticRegression

    y = [0] * 20 + [1] * 10
    steps = [
        ("smote", over_sampling.SMOTE(random_state=1, k_neighbors=2)),
        ("clf", LogisticRegression()),
    ]
    return {
        "pipeline": lambda: pipeline.Pipeline(steps).fit(x(), y),
        "smote": lambda: over_sampling.SMOTE(random_state=1),
        "under": lambda: under_sampling.RandomUnderSampler(random_state=1),
        "forest": lambda: ensemble.BalancedRandomForestClassifier(3, random_state=1).fit(x(), y),
    }


def of_clusters() -> Makers:
    import hdbscan

    return {"hdbscan": lambda: hdbscan.HDBSCAN(min_cluster_size=5).fit(x())}


def of_umap() -> Makers:
    import umap

    return {"umap": lambda: umap.UMAP(n_neighbors=3, random_state=1)}


def of_shapely() -> Makers:
    from shapely import geometry

    return {
        "point": lambda: geometry.Point(1, 2),
        "polygon": lambda: geometry.Polygon([(0, 0), (1, 0), (1, 1)]),
        "box": lambda: {"area": geometry.box(0, 0, 1, 1), "name": "x"},
    }


def of_omegaconf() -> Makers:
    from omegaconf import OmegaConf

    nested = {
        "model": {"lr": 0.1, "layers": [1, 2]},
        "data": {"path": "/data", "size": "${model.lr}"},
    }
    return {
        "config": lambda: OmegaConf.create(nested),
        "list": lambda: OmegaConf.create([1, "x", {"a": None}]),
        "checkpoint": lambda: {"cfg": OmegaConf.create(nested), "epoch": 4},
    }


SOURCES: list[Any] = [
    of_networkx,
    of_statsmodels,
    of_gensim,
    of_spacy,
    of_nltk,
    of_sympy,
    of_astropy,
    of_lifelines,
]
SOURCES += [of_hmmlearn, of_imblearn, of_clusters, of_umap, of_shapely, of_omegaconf]


def things(rng: random.Random, tiny: bool) -> Iterator[Thing]:
    for source in SOURCES:
        library = source.__name__[3:]
        try:
            found = source()
        except Exception as error:  # noqa: BLE001 - not there, or not for this version
            print(f"skipped {library}: {error!r}"[:160])
            continue
        for name in sorted(found)[:: 3 if tiny else 1]:
            yield Thing(library, found[name], group=f"{library}.{name}", notes=name)
