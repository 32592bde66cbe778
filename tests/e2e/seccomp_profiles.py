"""seccomp_profiles - policies with a profile, for the tests of what it refuses and of what works under it."""

from pathlib import Path

from conftest import policy_file

PROFILES = ["no-bypass", "inference"]


def policy(folder: Path, profile: str, guard: str = "") -> str:
    text = f"[guard]\n{guard}\n[seccomp]\nprofile = {profile}\n"
    return policy_file(folder, text, f"{profile}.ini")
