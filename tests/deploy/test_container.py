"""The images of scripts/deploy, built and run as a platform would, and served from under load.

Long: builds Debian root file systems. `make containers` runs it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import payloads
import pytest
import serving_load
import yaml
from building import DOCKER, Image, build, buildah, make_base, missing, mounted
from conftest import BUILD, ROOT
from running import Plan, Service, run_once, served

KUBERNETES = ROOT / "scripts" / "deploy" / "kubernetes"
CHECKERS = ROOT / "build" / "deploy-venv" / "bin"
LOAD = Path(serving_load.__file__)
IMAGES = {"safeguard-layer": "layer", "safeguard-init": "init", "app": "app"}

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="takes root, for chroots and mounts"),
    pytest.mark.timeout(1800),  # the first test builds the images
]


@pytest.fixture(scope="module", autouse=True)
def images() -> Iterator[None]:
    if missing():
        pytest.skip(f"not here: {', '.join(missing())}; scripts/install_deps --containers")
    make_base()
    for tag, target in IMAGES.items():
        build("Dockerfile", tag, target=target)
    build("Dockerfile", "serve-guarded")
    yield
    buildah("rm", "--all")  # what a build of several stages has left mounted


@pytest.fixture(scope="module")
def app() -> Iterator[Image]:
    with mounted("app") as image:
        yield image


@pytest.fixture(scope="module")
def guarded() -> Iterator[Image]:
    with mounted("serve-guarded") as image:
        yield image


@pytest.fixture(scope="module")
def fitted(app: Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of the image's own libraries."""
    folder = tmp_path_factory.mktemp("fitted")
    folder.chmod(0o777)
    tool = folder / "tool"
    tool.mkdir()
    (tool / LOAD.name).write_bytes(LOAD.read_bytes())
    mounts = {"/models": (folder, "rw"), "/mnt": (tool, "ro")}
    done = run_once(
        tmp_path_factory.mktemp("fit"),
        app,
        Plan(command=["python3", f"/mnt/{LOAD.name}", "fit", "/models"], mounts=mounts),
    )
    assert (done.status, done.err) == (0, "")
    return folder


class Place:
    """The folders of one run: models that are read only inside, and a /tmp in which the canary would be."""

    def __init__(self, folder: Path, fitted: Path) -> None:
        self.folder = folder
        self.models = folder / "models"
        self.tmp = folder / "tmp"
        self.models.mkdir()
        self.tmp.mkdir()
        self.tmp.chmod(0o1777)
        for file in fitted.glob("*.*"):
            (self.models / file.name).write_bytes(file.read_bytes())
        (self.models / "model.joblib").write_bytes((fitted / "a.joblib").read_bytes())
        evil = payloads.pickle_of(Path("/tmp/canary"), 4)
        (self.models / "evil.joblib").write_bytes(evil)

    @property
    def mounts(self) -> dict[str, tuple[Path, str]]:
        return {"/models": (self.models, "ro"), "/tmp": (self.tmp, "rw")}

    @property
    def canary(self) -> Path:
        return self.tmp / "canary"


@pytest.fixture
def place(tmp_path: Path, fitted: Path) -> Place:
    return Place(tmp_path, fitted)


def under_load(service: Service, place: Place, *, rounds: int, pause: float) -> dict[str, Any]:
    words = [sys.executable, LOAD, "load", place.models, "--rounds", str(rounds)]
    done = service.inside(*words, "--pause", str(pause))
    assert (done.status, done.err) == (0, ""), (done, service.lines)
    report: dict[str, Any] = json.loads(done.out)
    return report


def went_on(report: dict[str, Any], place: Place, service: Service) -> None:
    """Clean models were taken, the malicious one was not, and every answer was right."""
    print({name: report[name] for name in ("answers", "p50", "p99")})
    assert report["failed"] == []
    *clean, evil, last = report["reloads"]
    assert [one["status"] for one in [*clean, last]] == [200] * (len(clean) + 1)
    assert (evil["status"], evil["model"]) == (403, clean[-1]["model"])
    why = 'calls posix.system("touch /tmp/canary") at byte'
    assert f"[safeguard: {why}" in evil["error"]
    assert not place.canary.exists()
    (line,) = service.guard_lines
    assert line.startswith("safeguard: blocked /models/model.joblib: malicious ")
    assert why in line


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: rest.strip() for name, _, rest in (line.partition(":") for line in lines)}


def test_dockerfiles_have_nothing_against_them() -> None:
    recipes = [DOCKER / "Dockerfile", DOCKER / "Dockerfile.layer"]
    done = subprocess.run(
        [CHECKERS / "hadolint", *recipes], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("version", ["1.29", "1.37"])
def test_manifests_are_valid(version: str) -> None:
    words = [CHECKERS / "kubernetes-validate", "--kubernetes-version", version, "--strict"]
    files = sorted(KUBERNETES.glob("*.yaml"))
    done = subprocess.run([*words, *files], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.count(" passed for ")) == (0, len(files)), done


def test_server_without_the_guard_runs_the_payload(app: Image, place: Place) -> None:
    with served(place.folder / "plain", app, Plan(mounts=place.mounts)) as service:
        (place.models / "evil.joblib").rename(place.models / "model.joblib")
        ask = "import serving_load; print(serving_load.post(8080, '/reload'))"
        code = f"import sys; sys.path.insert(0, {str(LOAD.parent)!r}); {ask}"
        assert service.inside(sys.executable, "-c", code).out.startswith("(200, ")
        assert place.canary.exists()


def test_image_serves_under_load(guarded: Image, place: Place) -> None:
    with served(place.folder / "guarded", guarded, Plan(mounts=place.mounts)) as service:
        report = under_load(service, place, rounds=6, pause=3)
        status = status_of(service.pid)
        maps = Path(f"/proc/{service.pid}/maps").read_text()
    went_on(report, place, service)
    assert {status["Uid"], status["Gid"]} == {"\t".join(["10001"] * 4)}
    assert (status["CapEff"], status["CapBnd"]) == ("0" * 16, "0" * 16)
    assert status["Seccomp"] == "2"  # the profile that the policy names
    assert "/usr/local/lib/libsafeguard.so" in maps


def test_every_program_of_the_image_has_the_library(guarded: Image, place: Place) -> None:
    plan = Plan(command=["grep", "-c", "libsafeguard.so", "/proc/self/maps"], mounts=place.mounts)
    done = run_once(place.folder / "maps", guarded, plan)
    assert (done.status, int(done.out) > 0) == (0, True), done


@pytest.mark.parametrize("name", ["SAFEGUARD_MODE=off", "SAFEGUARD_POLICY=/tmp/own.ini"])
def test_environment_cannot_weaken_it(guarded: Image, place: Place, name: str) -> None:
    (place.tmp / "own.ini").write_text("[guard]\nmode = off\n")
    plan = Plan(
        command=["python3", "-c", "import joblib; joblib.load('/models/evil.joblib')"],
        env=dict([name.split("=")]),
        mounts=place.mounts,
    )
    done = run_once(place.folder / "weak", guarded, plan)
    assert done.status == 1
    assert (
        "PermissionError: [Errno 13] Permission denied [safeguard: calls posix.system" in done.err
    )
    assert not place.canary.exists()


def test_layer_guards_an_image_that_knows_nothing_of_it(app: Image, place: Place) -> None:
    build("Dockerfile.layer", "app-guarded", context=DOCKER, base="app")
    code = "import joblib; joblib.load('/models/evil.joblib')"
    with mounted("app-guarded") as image:
        assert image.config == app.config
        plan = Plan(command=["python3", "-c", code], mounts=place.mounts)
        done = run_once(place.folder / "layer", image, plan)
    assert done.status == 1
    assert "[safeguard: calls posix.system" in done.err
    assert not place.canary.exists()
    plan = Plan(command=["python3", "-c", code], mounts=place.mounts)
    assert run_once(place.folder / "plain", app, plan).status == 0
    assert place.canary.exists()


# The pod, from its manifest.


def objects() -> dict[str, Any]:
    files = sorted(KUBERNETES.glob("*.yaml"))
    return {one["kind"]: one for file in files for one in yaml.safe_load_all(file.read_text())}


def config_map(folder: Path, data: dict[str, str]) -> Path:
    """As a kubelet lays it out: links to a folder that is exchanged whole, open to all."""
    version = folder / "..2026_11_23"
    version.mkdir(parents=True)
    for name, text in data.items():
        (version / name).write_text(text)
        (folder / name).symlink_to(f"..data/{name}")
    (folder / "..data").symlink_to(version.name)
    folder.chmod(0o777)
    return folder


def volumes(pod: dict[str, Any], place: Place) -> dict[str, Path]:
    found = {"models": place.models, "tmp": place.tmp}
    found["policy"] = config_map(place.folder / "policy", objects()["ConfigMap"]["data"])
    found["safeguard"] = place.folder / "safeguard"
    found["safeguard"].mkdir()
    found["safeguard"].chmod(0o777)
    assert set(found) == {volume["name"] for volume in pod["volumes"]}
    return found


def plan_of(pod: dict[str, Any], container: dict[str, Any], found: dict[str, Path]) -> Plan:
    """What a kubelet makes of a container."""
    context = container["securityContext"]
    assert context["capabilities"] == {"drop": ["ALL"]}
    profile = pod["securityContext"]["seccompProfile"]
    name = Path(profile["localhostProfile"]).name
    return Plan(
        command=container["command"] + container.get("args", []),
        env={one["name"]: one["value"] for one in container.get("env", [])},
        mounts={
            one["mountPath"]: (found[one["name"]], "ro" if one.get("readOnly") else "rw")
            for one in container["volumeMounts"]
        },
        read_only=context["readOnlyRootFilesystem"],
        no_new_privileges=not context["allowPrivilegeEscalation"],
        seccomp=json.loads((KUBERNETES / "seccomp" / name).read_text()),
    )


GET = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=60).status)"


def probes(container: dict[str, Any]) -> list[str]:
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    asked = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "readiness", "liveness")]
    return [f"http://127.0.0.1:{ports[one['port']]}{one['path']}" for one in asked]


def test_pod_gets_the_library_from_its_init_container(app: Image, place: Place) -> None:
    pod = objects()["Deployment"]["spec"]["template"]["spec"]
    (init,), (server,) = pod["initContainers"], pod["containers"]
    found = volumes(pod, place)
    assert (init["image"], server["image"]) == ("safeguard-init:0.1.0", "app:0.1.0")
    with mounted("safeguard-init") as image:
        assert image.config["User"] == "65534:65534"
        done = run_once(place.folder / "init", image, plan_of(pod, init, found))
        assert (done.status, done.out, done.err) == (0, "", "")
    with served(place.folder / "server", app, plan_of(pod, server, found)) as service:
        report = under_load(service, place, rounds=2, pause=0.5)
        answers = [service.inside(sys.executable, "-c", GET, url) for url in probes(server)]
        maps = Path(f"/proc/{service.pid}/maps").read_text()
        status = status_of(service.pid)
    went_on(report, place, service)
    assert [answer.out for answer in answers] == ["200\n"] * 3
    assert "/safeguard/lib/libsafeguard.so" in maps
    assert int(status["Seccomp_filters"]) >= 2  # the pod's, and the policy's
    most = int(status["VmHWM"].removesuffix(" kB"))
    print(f"memory: {most // 1024} MiB at most")
    assert most < int(server["resources"]["limits"]["memory"].removesuffix("Gi")) << 20


def test_pod_does_not_start_unguarded(app: Image, place: Place) -> None:
    """Where the init container has not left the library, nothing is served."""
    pod = objects()["Deployment"]["spec"]["template"]["spec"]
    (server,) = pod["containers"]
    found = volumes(pod, place)
    (found["safeguard"] / "bin").mkdir()
    program = found["safeguard"] / "bin" / "safeguard"
    program.write_bytes((BUILD / "safeguard").read_bytes())
    program.chmod(0o755)
    done = run_once(place.folder / "server", app, plan_of(pod, server, found))
    assert done.status == 125
    assert "not run" in done.err
