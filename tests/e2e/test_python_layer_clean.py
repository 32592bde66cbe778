"""Clean programs that unpickle from memory and pipes go on: not a line from the guard."""

from pathlib import Path

from conftest import guarded, run

WORKERS = """
import functools, multiprocessing, operator, os, subprocess, sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

def square(x):
    return x * x

def fill(queue, lock, values):
    with lock:
        queue.put(values["a"])

def send(pipe):
    pipe.send([functools.partial(pow, 2), operator.itemgetter(1), os.getpid, ValueError("x")])

def main():
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            assert pool.map(square, range(4)) == [0, 1, 4, 9]
            assert pool.map(functools.partial(pow, 2), range(3)) == [1, 2, 4]
            assert pool.map(operator.attrgetter("real"), [3]) == [3]
            assert pool.map(os.system, ["true"]) == [0]
            assert pool.apply(subprocess.run, (["true"],)).returncode == 0
            assert pool.apply(eval, ("1 + 1",)) == 2
        queue = context.Queue()
        queue.put(len)
        assert queue.get() is len
        array = context.Array("i", 3)
        process = context.Process(target=operator.setitem, args=(array, 0, 7))
        process.start()
        process.join()
        assert array[0] == 7
        ours, theirs = context.Pipe()
        process = context.Process(target=send, args=(theirs,))
        process.start()
        assert ours.recv()[0](3) == 8
        process.join()
        with context.Manager() as manager:
            queue, lock, values = manager.Queue(), manager.Lock(), manager.dict(a=1)
            process = context.Process(target=fill, args=(queue, lock, values))
            process.start()
            assert queue.get(timeout=60) == 1
            process.join()
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            assert list(pool.map(square, [1, 2])) == [1, 4]
    with multiprocessing.Manager() as manager:
        shared = manager.dict(a=1)
        shared["f"] = square
        assert shared["f"](3) == 9
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(square, [1, 2])) == [1, 4]
    print("fine")

if __name__ == "__main__":
    main()
"""

OBJECTS = """
import argparse, array, collections, copy, dataclasses, datetime, decimal, enum, fractions, functools
import io, ipaddress, logging, operator, pathlib, pickle, random, re, shelve, tempfile, uuid, zoneinfo

Point = collections.namedtuple("Point", "x y")

@dataclasses.dataclass
class Record:
    a: int
    b: list

class Kind(enum.Enum):
    A = 1

things = [
    Point(1, 2), Record(1, [2]), Kind.A, datetime.datetime.now(), decimal.Decimal("1.5"),
    fractions.Fraction(1, 3), functools.partial(print, 1), operator.itemgetter(1), re.compile("a+"),
    pathlib.Path("/tmp"), random.Random(1), uuid.uuid4(), array.array("d", [1.0]), range(3), slice(1),
    collections.OrderedDict(a=1), collections.Counter("aab"), collections.deque([1]), len, print,
    getattr, ValueError("x"), ipaddress.ip_address("127.0.0.1"), logging.getLogger("a"), object(),
    collections.defaultdict(list), frozenset([1]), bytearray(b"x"), complex(1, 2), io.BytesIO(b"x"),
    zoneinfo.ZoneInfo("UTC"), argparse.Namespace(a=1), type, int, Record, Point, Ellipsis,
]
for thing in things:
    for protocol in range(2, 6):
        data = pickle.dumps(thing, protocol)
        pickle.loads(data)
        pickle._loads(data)
    copy.deepcopy(thing) if not isinstance(thing, functools.partial) else None
with tempfile.TemporaryDirectory() as folder, shelve.open(folder + "/shelf") as shelf:
    shelf["a"] = things[:5]
    assert shelf["a"] == things[:5]
print("fine")
"""

LIBRARIES = """
import collections, copy, dataclasses, io, os, pickle
import cloudpickle, dill, joblib, numpy as np, pandas as pd

def main():
    assert joblib.Parallel(2)(joblib.delayed(lambda x: x + 1)(i) for i in range(4)) == [1, 2, 3, 4]
    assert joblib.Parallel(2)(joblib.delayed(np.sum)(np.ones(1 << 18)) for _ in range(3))
    assert joblib.Parallel(2)(joblib.delayed(os.system)("true") for _ in range(2)) == [0, 0]
    class Local:
        def __init__(self):
            self.a = np.ones(3)
    made = dataclasses.make_dataclass("Made", ["x"])
    for thing in (Local(), made(1), collections.namedtuple("Tuple", "a b")(1, 2), lambda: open):
        cloudpickle.loads(cloudpickle.dumps(thing))
        dill.loads(dill.dumps(thing))
    frame = pd.DataFrame({"a": [1, 2], "b": pd.Categorical(["x", "y"])})
    assert pickle.loads(pickle.dumps(frame)).equals(frame)
    buffer = io.BytesIO()
    frame.to_pickle(buffer)
    buffer.seek(0)
    assert pd.read_pickle(buffer).equals(frame)
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    model = make_pipeline(StandardScaler(), RandomForestClassifier(5, n_jobs=2))
    model.fit(np.random.rand(20, 3), [0, 1] * 10)
    from scipy import stats
    from sklearn.model_selection import RandomizedSearchCV
    search = RandomizedSearchCV(model, {"a": stats.uniform(0, 1), "b": stats.randint(1, 5)})
    assert pickle.loads(pickle.dumps(search)).param_distributions["b"].mean() == 2.5
    buffer = io.BytesIO()
    joblib.dump(copy.deepcopy(model), buffer)
    buffer.seek(0)
    joblib.load(buffer).predict(np.random.rand(2, 3))
    print("fine")

if __name__ == "__main__":
    main()
"""

# A fresh process: what the pickles name is imported while they are loaded.
FRESH = """
import pickle, sys
for line in sys.stdin:
    pickle.loads(bytes.fromhex(line))
print("fine")
"""

MAKE_FRESH = """
import pickle, numpy as np, pandas as pd, torch
from sklearn.ensemble import RandomForestClassifier
model = RandomForestClassifier(3).fit(np.random.rand(9, 2), [0, 1, 0] * 3)
for thing in (model, pd.DataFrame({"a": [1]}), torch.nn.Linear(2, 2), np.float64(1)):
    print(pickle.dumps(thing).hex())
"""

TORCH = """
import io, tempfile, torch, torch.distributed, torch.multiprocessing
from torch.utils.data import DataLoader, TensorDataset

def send(queue):
    queue.put(torch.ones(1000))
    queue.get()

def rank(number, folder):
    dist = torch.distributed
    dist.init_process_group("gloo", f"file://{folder}/store", rank=number, world_size=2)
    gathered = [None, None]
    dist.all_gather_object(gathered, {"a": torch.ones(2), "from": number})
    assert [one["from"] for one in gathered] == [0, 1]
    several = [{"f": torch.nn.Linear, "g": len}] if number == 0 else [None]
    dist.broadcast_object_list(several)
    assert several[0]["g"] is len
    out = [None]
    dist.scatter_object_list(out, [1, torch.nn.Linear(2, 2)] if number == 0 else None)
    dist.gather_object(out, [None, None] if number == 0 else None)
    dist.barrier()
    dist.destroy_process_group()

def main():
    data = TensorDataset(torch.rand(64, 4), torch.randint(2, (64,)))
    for _ in DataLoader(data, batch_size=8, num_workers=2):
        pass
    for strategy in ("file_descriptor", "file_system"):
        torch.multiprocessing.set_sharing_strategy(strategy)
        queue = torch.multiprocessing.Queue()
        process = torch.multiprocessing.Process(target=send, args=(queue,))
        process.start()
        assert queue.get().sum() == 1000
        queue.put(None)
        process.join()
    buffer = io.BytesIO()
    torch.save(torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU()), buffer)
    buffer.seek(0)
    torch.load(buffer, weights_only=False)
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(rank, (folder,), 2)
    print("fine")

if __name__ == "__main__":
    main()
"""


def fine(python: str, code: str, folder: Path, feed: str = "") -> None:
    program = folder / "program.py"
    program.write_text(code)
    done = run([python, program], env=guarded(), feed=feed)
    assert (done.status, done.out) == (0, "fine\n"), done
    assert done.guard_lines == []


def test_workers(interpreter: str, tmp_path: Path) -> None:
    fine(interpreter, WORKERS, tmp_path)


def test_objects(interpreter: str, tmp_path: Path) -> None:
    code = OBJECTS
    if Path(interpreter).name == "python3.8":
        code = code.replace(", zoneinfo\n", "\n").replace('    zoneinfo.ZoneInfo("UTC"),', "   ")
    fine(interpreter, code, tmp_path)


def test_libraries(venv_python: str, tmp_path: Path) -> None:
    fine(venv_python, LIBRARIES, tmp_path)


def test_imports_that_a_load_triggers(venv_python: str, tmp_path: Path) -> None:
    made = run([venv_python, "-c", MAKE_FRESH])
    assert made.status == 0, made
    fine(venv_python, FRESH, tmp_path, feed=made.out)


def test_torch(venv_python: str, tmp_path: Path) -> None:
    fine(venv_python, TORCH, tmp_path)
