"""The files of docker/: what they say about the program is so, and Kubernetes, compose and systemd
accept them."""

from __future__ import annotations

import configparser
import functools
import json
import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from ruamel.yaml import YAML
from threegate import __version__, settings
from threegate.gateway.closing import CUT_S

DOCKER = Path(__file__).parents[1] / "docker"
CHART = DOCKER / "helm"
UNIT = DOCKER / "systemd/threegate.service"
COMPOSE = shutil.which("docker-compose")
HELM = os.environ.get("THREEGATE_TEST_HELM", "")
SYSTEMD = shutil.which("systemd-analyze")
helm_needed = pytest.mark.skipif(not HELM, reason="THREEGATE_TEST_HELM names no helm")
NAMES = {f"THREEGATE_{name.upper()}" for name in settings.KNOWN}
EVERYTHING = (
    *("--set", "gpu=1,monitor.enabled=true,autoscaling.activeCalls=200"),
    *("--set", "policies.configMap=mine,policies.items[0].key=base"),
    *("--set", "policies.items[0].path=packs/base.yaml"),
    *("--set", f"image.digest=sha256:{'a' * 64},image.pullSecrets[0].name=pull"),
    *("--set", "extraEnv[0].name=MODEL_KEY,extraEnv[0].valueFrom.secretKeyRef.name=models"),
    *("--set", "extraEnv[0].valueFrom.secretKeyRef.key=r1,nodeSelector.disk=fast"),
    *("--set", "settings.metrics_port=9100,settings.ext_proc_port=9002,ca.configMap=corporate"),
    *("--set", "monitor.credentials.name=scraper,monitor.credentials.key=token"),
    *("--set", "startupSeconds=1800"),
    *("--set", "extraVolumes[0].name=mtls,extraVolumes[0].secret.secretName=mtls"),
    *("--set", "extraVolumeMounts[0].name=mtls,extraVolumeMounts[0].mountPath=/etc/mtls"),
)
LEAST = ("--set", "autoscaling.enabled=false,networkPolicy.enabled=false")


def documents(text: str) -> list[dict[str, Any]]:
    return [d for d in YAML(typ="safe").load_all(text) if d]


def helm(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HELM, *words], capture_output=True, text=True, check=False)


@functools.cache
def rendered(*options: str) -> tuple[dict[str, Any], ...]:
    done = helm("template", "guard", str(CHART), *options)
    assert done.returncode == 0, done.stderr
    return tuple(documents(done.stdout))


def manifest(kind: str, *options: str) -> dict[str, Any]:
    (found,) = (d for d in rendered(*options) if d["kind"] == kind)
    return found


@helm_needed
def test_the_chart_passes_helms_own_lint() -> None:
    done = helm("lint", "--strict", str(CHART))
    assert done.returncode == 0, done.stdout


@helm_needed
@pytest.mark.parametrize("options", [(), EVERYTHING, LEAST])
@pytest.mark.parametrize("version", ["1.31", "1.37"])
def test_what_is_rendered_satisfies_the_schemas_of_kubernetes(
    options: tuple[str, ...], version: str
) -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not there")
    made = [(d["kind"], d["metadata"]["name"]) for d in rendered(*options)]
    for document in rendered(*options):
        if document["kind"] != "ServiceMonitor":  # the Prometheus operator's
            validate.validate(document, version, strict=True)
    assert len(made) == len(set(made)) == {(): 8, EVERYTHING: 9, LEAST: 6}[options]


@helm_needed
@pytest.mark.parametrize(
    "wrong",
    [
        *("image.digest=latest", "replicas=0", "settings.upstreams=null", "image.tga=x"),
        *("extraEnv[0].name=KEY,extraEnv[0].value=secret", "secrets.settings="),
    ],
)
def test_values_that_cannot_be_meant_are_refused(wrong: str) -> None:
    assert helm("template", "guard", str(CHART), "--set", wrong).returncode != 0


@helm_needed
def test_the_settings_of_a_replica_load(tmp_path: Path) -> None:
    file = tmp_path / "threegate.yaml"
    file.write_text(manifest("ConfigMap")["data"]["threegate.yaml"], "utf-8")
    loaded = settings.load(environment={"THREEGATE_MASK_SECRET": "x"}, file=file)
    assert loaded.keys == "required"
    grace = manifest("Deployment")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace > loaded.shutdown_delay + loaded.drain + CUT_S


@helm_needed
def test_a_pod_has_no_rights_and_no_secret_in_it() -> None:
    pod = manifest("Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["enableServiceLinks"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert all("secretKeyRef" in e["valueFrom"] for e in container["env"])
    assert {e["name"] for e in container["env"]} - {"THREEGATE_MASK_SECRET"} <= NAMES


@helm_needed
def test_each_port_of_the_settings_can_be_reached() -> None:
    """A separate port of the metrics or of Envoy is of no use where only the API's is open."""
    names = ["http", "ext-proc", "metrics"]
    (container,) = manifest("Deployment", *EVERYTHING)["spec"]["template"]["spec"]["containers"]
    assert [p["name"] for p in container["ports"]] == names
    assert [p["containerPort"] for p in container["ports"]] == [8080, 9002, 9100]
    services = [d["spec"] for d in rendered(*EVERYTHING) if d["kind"] == "Service"]
    assert [p["targetPort"] for s in services for p in s["ports"]] == names
    ingress = manifest("NetworkPolicy", *EVERYTHING)["spec"]["ingress"]
    assert [p["port"] for into in ingress for p in into["ports"]] == names
    (scraped,) = manifest("ServiceMonitor", *EVERYTHING)["spec"]["endpoints"]
    assert scraped["port"] == "metrics"
    assert scraped["authorization"] == {"credentials": {"key": "token", "name": "scraper"}}


@helm_needed
@pytest.mark.parametrize("options", [(), EVERYTHING])
def test_callers_do_not_reach_the_metrics(options: tuple[str, ...]) -> None:
    """They show which rules act, on a port that asks for no key."""
    published = ("--set", "service.type=LoadBalancer", *options)
    services = [d["spec"] for d in rendered(*published) if d["kind"] == "Service"]
    open_to_all = [p["name"] for s in services if s["type"] != "ClusterIP" for p in s["ports"]]
    assert "http" in open_to_all
    assert "metrics" not in open_to_all
    ingress = manifest("NetworkPolicy", *options)["spec"]["ingress"]
    (scrapers,) = (i["from"] for i in ingress if "metrics" in [p["port"] for p in i["ports"]])
    (namespace,) = (s["namespaceSelector"]["matchLabels"] for s in scrapers)
    assert namespace == {"kubernetes.io/metadata.name": "monitoring"}


@helm_needed
def test_an_authority_of_ones_own_is_where_the_variable_says() -> None:
    (container,) = manifest("Deployment", *EVERYTHING)["spec"]["template"]["spec"]["containers"]
    (file,) = (e["value"] for e in container["env"] if e["name"] == "SSL_CERT_FILE")
    (mount,) = (m for m in container["volumeMounts"] if m["name"] == "ca")
    assert file == f"{mount['mountPath']}/ca.crt"


@helm_needed
@pytest.mark.parametrize(("options", "seconds"), [((), 180), (EVERYTHING, 1800)])
def test_a_start_has_its_time(options: tuple[str, ...], seconds: int) -> None:
    (container,) = manifest("Deployment", *options)["spec"]["template"]["spec"]["containers"]
    probe = container["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] == seconds


@helm_needed
def test_files_of_settings_are_mounted_and_cannot_be_written() -> None:
    """Else there is no way to a client certificate, Envoy's certificate or a tokenizer."""
    pod = manifest("Deployment", *EVERYTHING)["spec"]["template"]["spec"]
    assert {"name": "mtls", "secret": {"secretName": "mtls"}} in pod["volumes"]
    (mount,) = (m for m in pod["containers"][0]["volumeMounts"] if m["name"] == "mtls")
    assert mount == {"name": "mtls", "mountPath": "/etc/mtls", "readOnly": True}


@helm_needed
def test_alerts_find_a_release_of_any_name() -> None:
    label = manifest("ServiceMonitor", *EVERYTHING)["spec"]["jobLabel"]
    services = [d for d in rendered(*EVERYTHING) if d["kind"] == "Service"]
    assert {s["metadata"]["labels"][label] for s in services} == {"threegate"}


@helm_needed
def test_other_settings_make_other_pods() -> None:
    def checksum(*options: str) -> str:
        template = manifest("Deployment", *options)["spec"]["template"]
        return str(template["metadata"]["annotations"]["checksum/settings"])

    assert checksum() != checksum("--set", "settings.workers=3")


def test_the_chart_is_of_this_version() -> None:
    (chart,) = documents((CHART / "Chart.yaml").read_text("utf-8"))
    assert chart["version"] == chart["appVersion"] == __version__


@pytest.mark.parametrize("name", ["compose.yaml", "compose.gpu.yaml"])
def test_services_of_compose_name_settings_that_exist(name: str) -> None:
    text = (DOCKER / name).read_text("utf-8")
    (compose,) = documents(text)
    assert set(compose["services"]["threegate"]["environment"]) <= NAMES | {"THREEGATE_UPSTREAM"}
    for mount in re.findall(r"- (\./[^:]+):", text):
        assert (DOCKER / mount).exists()
    assert (DOCKER.parent / compose["services"]["threegate"]["build"]["dockerfile"]).exists()


def test_images_of_others_without_capabilities_start_as_their_user() -> None:
    """Their entry points start as root and change the user, which needs a capability."""
    (compose,) = documents((DOCKER / "compose.yaml").read_text("utf-8"))
    bare = {n: s for n, s in compose["services"].items() if "cap_drop" in s and "image" in s}
    assert bare
    assert [name for name, service in bare.items() if "user" not in service] == []


def test_logs_of_services_are_bounded() -> None:
    (compose,) = documents((DOCKER / "compose.yaml").read_text("utf-8"))
    for service in compose["services"].values():
        assert set(service["logging"]["options"]) == {"max-size", "max-file"}


@pytest.mark.skipif(COMPOSE is None, reason="docker-compose is not installed")
@pytest.mark.parametrize("profiles", [(), ("shared", "observe")])
@pytest.mark.parametrize("gpu", [False, True])
def test_compose_takes_its_files(profiles: tuple[str, ...], gpu: bool) -> None:
    files = ["-f", "compose.yaml", *(("-f", "compose.gpu.yaml") if gpu else ())]
    command = [str(COMPOSE), *files, *(w for p in profiles for w in ("--profile", p))]
    given = {"PATH": os.defpath, "POSTGRES_PASSWORD": "x", "GRAFANA_PASSWORD": "y"}
    done = subprocess.run(
        [*command, "config", "--format", "json"],
        cwd=DOCKER, env=given, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    services = json.loads(done.stdout)["services"]
    assert ("postgres" in services) == ("prometheus" in services) == bool(profiles)
    assert ("deploy" in services["threegate"]) == gpu


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.gpu"])
def test_an_image_names_settings_that_exist_and_runs_as_nobody(name: str) -> None:
    text = (DOCKER / name).read_text("utf-8")
    assert set(re.findall(r"THREEGATE_\w+", text)) <= NAMES
    assert "ORT_DISABLE_TELEMETRY=1" in text
    assert "\nUSER 10001:10001\n" in text
    for source in re.findall(r"^COPY (?!--)(.+) \S+$", text, re.M):
        for each in source.split():
            assert (DOCKER.parent / each).exists()
            assert in_context(each), f"{each} is left out by .dockerignore"


def in_context(source: str) -> bool:
    """`.dockerignore` leaves everything out and lists what is not."""
    lines = (DOCKER.parent / ".dockerignore").read_text("utf-8").splitlines()
    assert "*" in lines
    let = [line[1:] for line in lines if line.startswith("!")]
    return any(fnmatch(source, name) or source.startswith(f"{name}/") for name in let)


def unit() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT, "utf-8")
    return parser["Service"]


def test_the_unit_names_settings_that_exist_and_waits_for_streams() -> None:
    defaults = settings.Settings()
    assert set(re.findall(r"THREEGATE_\w+", UNIT.read_text("utf-8"))) <= NAMES
    assert int(unit()["TimeoutStopSec"]) > defaults.shutdown_delay + defaults.drain + CUT_S
    assert unit()["KillMode"] == "mixed"  # the supervisor alone gets SIGTERM and passes it on


@pytest.mark.skipif(SYSTEMD is None, reason="systemd-analyze is not installed")
def test_systemd_takes_the_unit_and_finds_little_exposed(tmp_path: Path) -> None:
    program = tmp_path / "threegate"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    here = tmp_path / "threegate.service"
    text = UNIT.read_text("utf-8").replace("/opt/threegate/bin/threegate", str(program))
    here.write_text(text, "utf-8")
    done = subprocess.run(
        [str(SYSTEMD), "verify", "--man=no", str(here)], capture_output=True, text=True, check=False
    )
    assert "threegate.service" not in done.stderr, done.stderr
    done = subprocess.run(
        [str(SYSTEMD), "security", "--offline=yes", "--threshold=20", str(here)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("path", "status"), [("/readyz", 0), ("/other", 1)])
def test_the_health_check_finds_the_port_wherever_it_was_set(
    tmp_path: Path, path: str, status: int
) -> None:
    """It read THREEGATE_PORT alone: a container whose settings file had another port was never
    healthy."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == path else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    def checked() -> int:
        command = [sys.executable, str(DOCKER / "healthcheck")]
        environment = {"THREEGATE_VAR": str(tmp_path), "THREEGATE_PORT": "1"}
        return subprocess.run(command, env=environment, check=False).returncode

    assert checked() == 1  # it has not started
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        (tmp_path / "url").write_text(f"http://127.0.0.1:{server.server_port}\n")
        assert checked() == status
        server.shutdown()
        thread.join()
    assert checked() == 1
