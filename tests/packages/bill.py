"""bill - a package's bill of materials, held against the files that lie in the package."""

import hashlib
import json
from pathlib import Path

import pytest


def parts_of(bill: Path, shipped: dict[str, Path]) -> set[str]:
    """Names of what is linked in; the bill is in the official form and of exactly these files."""
    text = bill.read_text(encoding="utf-8")
    schema = pytest.importorskip("cyclonedx.schema", reason="no cyclonedx-python-lib here")
    validation = pytest.importorskip("cyclonedx.validation.json", reason="not with its schemas")
    assert validation.JsonStrictValidator(schema.SchemaVersion.V1_6).validate_str(text) is None
    rows = json.loads(text)["components"]
    told = {row["name"]: row["hashes"][0]["content"] for row in rows if "hashes" in row}
    assert told == {
        name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in shipped.items()
    }
    return {row["name"] for row in rows} - shipped.keys()
