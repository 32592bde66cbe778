"""figures - a figure of a benchmark, as a line that the table of proofs is made of."""


def row(what: str, target: str, measured: str, met: bool | None, command: str) -> None:
    """Prints the figure; `met` is None where there is nothing to meet."""
    result = {True: "pass", False: "fail", None: "info"}[met]
    print("ROW", what, target, measured, result, command, sep="\t", flush=True)
