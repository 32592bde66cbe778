"""sinks_walk - functions of installed libraries that hand a parameter to a shell, to exec, to a file …

Read from the sources, never imported. One step only: the call stands in the function itself and
gets one of its parameters. What judges names knows more; here variety counts.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

SINKS = {
    "spawn": "os.system os.popen subprocess.run subprocess.call subprocess.Popen subprocess.check_output"
    " subprocess.check_call subprocess.getoutput os.execv os.execvp os.spawnv pty.spawn",
    "exec": "exec eval compile __import__ runpy.run_path runpy.run_module importlib.import_module",
    "connect": "urllib.request.urlopen urlopen requests.get requests.post socket.create_connection"
    " urllib.request.urlretrieve urlretrieve",
    "file": "shutil.copyfile shutil.copy shutil.move os.makedirs os.rename os.symlink",
    "delete": "shutil.rmtree os.remove os.unlink os.rmdir",
    "load": "pickle.load pickle.loads torch.load joblib.load dill.loads marshal.loads yaml.load",
    "native": "ctypes.CDLL ctypes.cdll.LoadLibrary",
}
SINK_OF = {name: sink for sink, names in SINKS.items() for name in names.split()}
SKIPPED = (
    "test",
    "tests",
    "_vendor",
    "site-packages",
    "idlelib",
    "lib2to3",
    "__pycache__",
    "examples",
)
LARGEST = 400_000
HINT = re.compile("|".join(re.escape(name) + r"\(" for name in SINK_OF) + r"|open\([^)]*['\"][wax]")


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def sink_in(function: ast.FunctionDef) -> str:
    """The sink that gets one of the parameters, or nothing."""
    names = {argument.arg for argument in function.args.args} - {"self", "cls"}
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        sink = SINK_OF.get(dotted(node.func), "")
        first = node.args[0]
        if sink and any(isinstance(n, ast.Name) and n.id in names for n in ast.walk(first)):
            return sink
        opens = dotted(node.func) == "open" and len(node.args) > 1
        if opens and isinstance(first, ast.Name) and first.id in names:
            mode = node.args[1]
            if isinstance(mode, ast.Constant) and str(mode.value)[:1] in "wax":
                return "file"
    return ""


def functions_of(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("__"):
                    yield f"{node.name}.{inner.name}", inner


def of_file(path: Path, module: str) -> Iterator[tuple[str, str, str]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = path.read_text(encoding="utf-8")
            tree = ast.parse(text if HINT.search(text) else "")
    except (SyntaxError, UnicodeDecodeError, ValueError, OSError):
        return
    for name, function in functions_of(tree):
        sink = sink_in(function)
        if sink:
            yield module, name, sink


def module_name(path: Path, folder: Path) -> str:
    parts = list(path.relative_to(folder).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def walk(folder: Path, share: int = 1) -> Iterator[tuple[str, str, str]]:
    """(module, name, sink) of the sources under a folder of modules; of every `share`th file."""
    files = [
        p
        for p in sorted(folder.rglob("*.py"))
        if not set(p.relative_to(folder).parts) & set(SKIPPED)
    ]
    for path in files[::share]:
        if path.stat().st_size < LARGEST and "-" not in str(path.relative_to(folder)):
            yield from of_file(path, module_name(path, folder))
