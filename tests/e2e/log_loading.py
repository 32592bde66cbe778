"""log_loading - a program that fills the guard's log."""

from conftest import guarded

PYTHON = "/usr/bin/python3"
# Tries each file `times` times, and says how many times the program was refused.
LOAD_MANY = """
import pickle, sys
refused = 0
for path in sys.argv[2:]:
    for _ in range(int(sys.argv[1])):
        try:
            pickle.load(open(path, "rb"))
        except PermissionError:
            refused += 1
print(refused)
"""


def settings(**some: str) -> list[str]:
    return [f"{name}={value}" for name, value in guarded(**some).items()]
