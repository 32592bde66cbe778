"""log_loading - programs that fill the guard's log."""

from conftest import guarded

PYTHON = "/usr/bin/python3"
# Goes on after a refusal, and after nothing else.
LOAD_ALL = """
import pickle, sys
for path in sys.argv[1:]:
    try:
        pickle.load(open(path, "rb"))
    except PermissionError:
        pass
"""
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
