"""bench_inflate.py - the decoders beside the bare libraries: bench_inflate.py BUILD

Fails when a decoder is slower than LEAST of its library.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROUNDS = 3
LEAST = 0.8


def main() -> int:
    program = Path(sys.argv[1]) / "bench" / "bench_inflate"
    done = subprocess.run([str(program), str(ROUNDS)], capture_output=True, text=True, check=True)
    print(f"unpacking\n  {'':8} {'library, MB/s':>14} {'decoder, MB/s':>14} {'ratio':>8}")
    slow = []
    for line in done.stdout.splitlines():
        told = json.loads(line)
        bare, here = (told["bytes"] / told[who] / 1e6 for who in ("bare", "here"))
        print(f"  {told['format']:8} {bare:14.0f} {here:14.0f} {here / bare:8.2f}")
        if here < LEAST * bare:
            slow.append(told["format"])
    if slow:
        print(f"slower than {LEAST} of the library: {', '.join(slow)}")
    return bool(slow)


if __name__ == "__main__":
    sys.exit(main())
