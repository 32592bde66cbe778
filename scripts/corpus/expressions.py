"""expressions - a call written as Python text, as nodes of the assembler.

Names become globals, calls REDUCE, attributes of results calls of getattr. `M("a.b").c` is the
name `c` of the module `a.b`; a module of one word needs no M. Words in capitals are what
`words` has for them.
"""

from __future__ import annotations

import ast
import sys
from typing import Any

from assembler import Build, Call, Name, attribute

OLD_MODULES = ("imp", "distutils", "mailcap", "nntplib", "telnetlib", "pipes", "commands", "popen2")
PLAIN = (str, bytes, int, float, bool, type(None))


def module_of(node: ast.expr, words: dict[str, Any]) -> str | None:
    """The module that an expression is: a word, or M("a.b")."""
    if isinstance(node, ast.Name) and node.id not in words:
        known = node.id in sys.stdlib_module_names or node.id in OLD_MODULES
        return node.id if known else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "M":
        first = node.args[0]
        return first.value if isinstance(first, ast.Constant) else None  # type: ignore[return-value]
    return None


def keyword_call(callee: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Call:
    """A partial of the callee is given the state (function, arguments, keywords, None)."""
    bare = Call(Name("functools", "partial"), (callee,))
    return Call(Build(bare, (callee, arguments, keywords, None)), ())


def plus(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    return Call(Name("operator", "add"), (left, right))


def path_of(node: ast.Attribute, words: dict[str, Any]) -> Any:
    path = [node.attr]
    root = node.value
    while isinstance(root, ast.Attribute):
        path.insert(0, root.attr)
        root = root.value
    module = module_of(root, words)
    if module:
        return Name(module, ".".join(path))
    return attribute(convert(node.value, words), node.attr)


def convert(node: ast.expr, words: dict[str, Any]) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, PLAIN):
        return node.value
    if isinstance(node, ast.Name):
        return words[node.id] if node.id in words else Name("builtins", node.id)
    if isinstance(node, ast.Attribute):
        return path_of(node, words)
    if isinstance(node, ast.BinOp):
        return plus(convert(node.left, words), convert(node.right, words))
    if isinstance(node, ast.Tuple):
        return tuple(convert(item, words) for item in node.elts)
    if isinstance(node, ast.List):
        return [convert(item, words) for item in node.elts]
    if isinstance(node, ast.Dict):
        keys = [convert(key, words) for key in node.keys if key]
        return dict(zip(keys, [convert(value, words) for value in node.values], strict=True))
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
        return ast.literal_eval(node)
    if isinstance(node, ast.Call):
        callee = convert(node.func, words)
        arguments = tuple(convert(item, words) for item in node.args)
        keywords = {str(word.arg): convert(word.value, words) for word in node.keywords}
        return keyword_call(callee, arguments, keywords) if keywords else Call(callee, arguments)
    raise ValueError(ast.dump(node))


def nodes_of(expression: str, words: dict[str, Any]) -> Any:
    return convert(ast.parse(expression, mode="eval").body, words)


def first_name(expression: str) -> str:
    """The dotted name that an expression begins with."""
    text = expression.replace('M("', "").replace('")', "")
    return text.split("(")[0]
