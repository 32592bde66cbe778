"""matrix_table - the matrix as text: a row for each path, a column for each interpreter."""

from matrix import LONG, MODES, Cell, Environment, Sweep

LEGEND = """\
Each cell: the clean file loads as without the guard, and where its malicious twin is stopped.
  open, read, mmap   by the file layer, when the file is opened, read, mapped
  name, effect       by the Python layer, when the name is resolved, the call made
  ok                 there is no twin: works beside models
  -                  the interpreter has no such library
Right: where the twin is stopped with the file layer alone, with the Python layer alone.
"""


def word(sweep: Sweep, mode: str, name: str) -> str:
    cell: Cell = sweep.cells[mode][name]
    if "skipped" in sweep.saved.get(name, {"skipped": ""}):
        return "-"
    if mode == "guarded" and cell.clean.get("digest") != sweep.cells["alone"][name].clean.get(
        "digest"
    ):
        return "CLEAN?"
    if not cell.case.twin:
        return "ok"
    if cell.canary:
        return "RAN" if mode == "guarded" else "no"
    return cell.layer or ("itself" if cell.refused else "no")


def merged(words: list[str]) -> str:
    """Of several environments with the same column, or of several columns."""
    told = sorted({one for one in words if one != "-"})
    return "/".join(told) or "-"


def table(sweeps: dict[Environment, Sweep]) -> str:
    columns = sorted({one.column for one in sweeps}, key=version)
    rows: dict[str, dict[str, list[str]]] = {}
    for environment, sweep in sweeps.items():
        for case in environment.cases:
            row = rows.setdefault(case.name, {})
            for mode in MODES[1:]:
                column = environment.column if mode == "guarded" else mode
                row.setdefault(column, []).append(word(sweep, mode, case.name))
    shown = [*columns, *MODES[2:]]
    heads = {column: short(column) for column in columns} | {"files": "file", "python": "Python"}
    lines = [line("path", [heads[column] for column in shown], len(columns))]
    for name, row in rows.items():
        lines.append(line(name, [merged(row.get(column, [])) for column in shown], len(columns)))
    return (
        LEGEND
        + ("" if LONG else "(short form: `make matrix` fills the rest)\n")
        + "\n"
        + "\n".join(lines)
        + "\n"
    )


def line(name: str, words: list[str], columns: int) -> str:
    cells = [f"{one:<7}" for one in words]
    return f"{name:<46} {' '.join(cells[:columns])} | {' '.join(cells[columns:])}".rstrip(" |")


def version(column: str) -> tuple[int, ...]:
    digits = column.split("-")[0].removeprefix("python").split(".")
    return tuple(int(one) for one in digits if one.isdigit())


def short(column: str) -> str:
    """python3.11-system is Debian's."""
    name, _, where = column.partition("-")
    return name.removeprefix("python") + ("d" if where == "system" else "")
