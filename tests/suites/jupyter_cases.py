"""jupyter_cases - notebooks in real kernels: what is clean runs, what is not says so in its cell."""

import os

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

CLEAN = [
    "import copy, functools, io, pickle, cloudpickle, dill, joblib, numpy as np, pandas as pd",
    "frame = pd.DataFrame({'a': range(5), 'b': pd.Categorical(list('xyxyx'))}); frame",
    "pickle.loads(pickle.dumps(frame)).equals(frame)",
    "%timeit -n 1 -r 1 pickle.loads(pickle.dumps(np.arange(10)))",
    "def local(x):\n    return x + 1\ncloudpickle.loads(cloudpickle.dumps(local))(1)",
    "dill.loads(dill.dumps(local))(1)",
    "copy.deepcopy({'f': functools.partial(local, 1), 'model': frame})",
    "joblib.Parallel(2)(joblib.delayed(local)(i) for i in range(4))",
    "import multiprocessing as mp\nwith mp.get_context('fork').Pool(2) as pool:\n"
    "    print(pool.map(len, ['a', 'bc']))",
    "from concurrent.futures import ProcessPoolExecutor\nwith ProcessPoolExecutor(2) as pool:\n"
    "    print(list(pool.map(abs, [-1, 2])))",
    "!echo shell",
    "from IPython.display import display, HTML\ndisplay(HTML('<b>x</b>'))",
    "import tempfile, os\nname = os.path.join(tempfile.mkdtemp(), 'm.pkl')\n"
    "joblib.dump(frame, name)\njoblib.load(name).equals(frame)",
    "%store -z\n%store name\n%store -r name",
]
EVIL = (
    "import os, pickle\nclass Evil:\n    def __reduce__(self):\n"
    "        return os.system, ('true',)\npickle.loads(pickle.dumps(Evil()))"
)


def execute(*cells: str) -> nbformat.NotebookNode:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    return NotebookClient(notebook, timeout=100, kernel_name="python3").execute()


def test_clean_cells() -> None:
    execute(*CLEAN)


def test_two_kernels_after_one_another() -> None:
    for _ in range(2):
        execute("1 + 1")


def test_what_is_refused_is_told_in_the_cell() -> None:
    if os.environ.get("SAFEGUARD_MODE") != "block":
        execute(EVIL)
        return
    with pytest.raises(CellExecutionError, match=r"BlockedError.*safeguard"):
        execute(EVIL)
