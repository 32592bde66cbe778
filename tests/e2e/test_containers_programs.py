"""Archives that hold programs: Python text beside a model, marshalled code and names in its configuration."""

import codecs
import json
import marshal
import zipfile
from pathlib import Path
from typing import Any

import pytest
from conftest import scan

TELLING = [
    "import os\nos.system('x')",
    "import os as o, sys\nif True: o.system('x')",
    "import json; import os.path; os.popen('x')",
    "from subprocess import (PIPE,\n    Popen as start)  # comment\nstart('x')",
    "import subprocess\nclass A:\n    def b(self):\n        return [subprocess.run(c) for c in self.c]",
    "__import__('os').system('x')",
    "exec('x = 1')",
    "def load(x):\n    return eval(x)",
    "import \\\n os\nrun = os . system\nrun('x')",
    "import torch\ntorch.ops.load_library('x.so')",
    "import runpy\nrunpy.run_path('x')",
]
ORDINARY = [
    "import os\nprint(os.path.join('a', 'b'), os.environ)",
    "'import os; os.system(1)'\n# os.system('x')\n",
    '"""\nimport os\nos.system(1)\n"""\nx = \'os.system(1)\'',
    "import torch\nmodel = torch.nn.Linear(3, 3)\nmodel.eval()\ntorch.compile(model)",
    "import re\nre.compile('x').match('y')\ngetattr(re, 'x')",
    "def exec(x):\n    pass\nself.exec(1)",
    "import importlib\nimportlib.import_module('x')",
    "system = lambda x: x\nsystem('x')",
    "",
    "\0\xff(((((",
]


def served(folder: Path, source: str) -> dict[str, Any]:
    path = folder / "model.mar"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("MAR-INF/MANIFEST.json", "{}")
        archive.writestr("handler.py", source)
    (report,) = scan(path)
    return report


@pytest.mark.parametrize("source", TELLING)
def test_c16_program_text_that_runs_things_is_malicious(source: str, place: Path) -> None:
    report = served(place, source)
    assert (report["verdict"], report["coverage"]) == ("malicious", "complete"), report
    assert report["reasons"][0]["member"] == "handler.py"


@pytest.mark.parametrize("source", ORDINARY)
def test_c16_other_program_text_is_suspicious(source: str, place: Path) -> None:
    report = served(place, source)
    assert (report["verdict"], report["coverage"]) == ("suspicious", "complete"), report


CODES = {
    "x * 2": "suspicious",
    "x.numpy().sum(axis=-1)": "suspicious",
    "__import__('os').system('touch x')": "malicious",
    "eval('1')": "malicious",
    "[os.popen(y) for y in x]": "malicious",
    "(lambda: __import__('subprocess'))().run(x)": "malicious",
}


@pytest.mark.parametrize("source", CODES)
@pytest.mark.parametrize("key", ["code", "function"])
def test_c19_words_of_marshalled_code(source: str, key: str, place: Path) -> None:
    code = eval(f"lambda x: {source}").__code__
    text = codecs.encode(marshal.dumps(code), "base64").decode()
    layer = {"class_name": "Lambda", "config": {key: [text, None, None]}}
    path = place / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps({"config": {"layers": [layer]}}))
    (report,) = scan(path)
    assert (report["verdict"], report["format"], report["coverage"]) == (
        CODES[source],
        "keras",
        "complete",
    ), report


def test_c19_names_of_any_module(place: Path) -> None:
    """Keras imports what an object's "module" says, skops what "__module__" says."""
    for keys, name, form in (
        (("module", "class_name", "config"), "config.json", "keras"),
        (("__module__", "__class__", "content"), "schema.json", "skops"),
    ):
        made = dict(zip(keys, ("os", "function", "system"), strict=True))
        if form == "skops":
            made["__class__"] = "system"
        path = place / form
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("metadata.json", "{}")
            archive.writestr(name, json.dumps({"config": [made]}))
        (report,) = scan(path, status=1)
        assert (report["verdict"], report["format"]) == ("malicious", form)
        assert report["reasons"][0]["detail"].startswith("names os.system")
