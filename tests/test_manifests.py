"""The files of docker/: what they say about the program is so."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from threegate import settings

DOCKER = Path(__file__).parents[1] / "docker"
K8S = DOCKER / "k8s"
COMPOSE = shutil.which("docker-compose")


def documents(path: Path) -> list[dict[str, Any]]:
    return [d for d in YAML(typ="safe").load_all(path.read_text("utf-8")) if d]


def manifest(kind: str) -> dict[str, Any]:
    found = [d for path in K8S.glob("*.yaml") for d in documents(path) if d.get("kind") == kind]
    assert len(found) == 1
    return found[0]


def test_the_settings_of_a_replica_load() -> None:
    loaded = settings.load(environment={}, file=K8S / "threegate.yaml")
    assert loaded.keys == "required"
    grace = manifest("Deployment")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace > loaded.shutdown_delay + loaded.drain


def test_every_manifest_is_listed() -> None:
    listed = manifest("Kustomization")["resources"]
    others = {p.name for p in K8S.glob("*.yaml")} - {"kustomization.yaml", "threegate.yaml"}
    assert set(listed) == others


def test_a_pod_has_no_rights_and_no_secret_in_it() -> None:
    pod = manifest("Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["enableServiceLinks"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert all("secretKeyRef" in e["valueFrom"] for e in container["env"])
    names = {f"THREEGATE_{f.upper()}" for f in settings.Settings.__dataclass_fields__}
    given = {e["name"] for e in container["env"]} - {"THREEGATE_MASK_SECRET"}
    assert given <= names


def test_manifests_satisfy_the_schemas_of_kubernetes() -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not there")
    kinds = set()
    for path in K8S.glob("*.yaml"):
        for document in documents(path):
            if document.get("kind") in (None, "Kustomization", "ServiceMonitor"):
                continue
            validate.validate(document, "1.31", strict=True)
            kinds.add(document["kind"])
    assert len(kinds) == 7


def test_services_of_compose_name_settings_that_exist() -> None:
    (compose,) = documents(DOCKER / "compose.yaml")
    names = {f"THREEGATE_{f.upper()}" for f in settings.Settings.__dataclass_fields__}
    given = set(compose["services"]["threegate"]["environment"])
    assert given <= names | {"THREEGATE_UPSTREAM"}
    for mount in re.findall(r"- (\./[^:]+):", (DOCKER / "compose.yaml").read_text("utf-8")):
        assert (DOCKER / mount).exists()


@pytest.mark.skipif(COMPOSE is None, reason="docker-compose is not installed")
@pytest.mark.parametrize("profiles", [(), ("shared", "observe")])
def test_compose_takes_its_file(profiles: tuple[str, ...]) -> None:
    command = [str(COMPOSE), "-f", "compose.yaml", *(w for p in profiles for w in ("--profile", p))]
    given = {"PATH": os.defpath, "POSTGRES_PASSWORD": "x", "GRAFANA_PASSWORD": "y"}
    done = subprocess.run(
        [*command, "config", "--format", "json"],
        cwd=DOCKER, env=given, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    services = set(json.loads(done.stdout)["services"])
    assert ("postgres" in services) == ("prometheus" in services) == bool(profiles)


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.gpu"])
def test_an_image_names_settings_that_exist_and_runs_as_nobody(name: str) -> None:
    said = (DOCKER / name).read_text("utf-8")
    names = {f"THREEGATE_{f.upper()}" for f in settings.Settings.__dataclass_fields__}
    assert set(re.findall(r"THREEGATE_\w+", said)) <= names
    assert "\nUSER 10001:10001\n" in said
