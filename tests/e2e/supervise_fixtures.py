"""supervise_fixtures - what the tests of `run --supervise` start from: a plugin of pytest."""

from pathlib import Path

import payloads
import pytest
from conftest import compiled
from supervising import CLEAN

SOURCE = Path(__file__).with_name("opener.c")


@pytest.fixture(scope="session")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program without a loader: nothing can be preloaded."""
    folder = tmp_path_factory.mktemp("opener")
    return compiled(SOURCE, folder / "opener", "-static", "-pthread")


@pytest.fixture
def here(place: Path) -> Path:
    """With bad.pkl and clean.pkl in it."""
    (place / "bad.pkl").write_bytes(payloads.pickle_of(place / "canary", 4))
    (place / "clean.pkl").write_bytes(CLEAN)
    return place
