"""What watches the program asks for what the program exports, and every alert has its page."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from threegate.gateway.telemetry.metrics import Metrics

ROOT = Path(__file__).parents[1]
OBSERVE = ROOT / "docker" / "observe"
PROMTOOL = shutil.which("promtool")


def exported() -> set[str]:
    """Series names: of a histogram its three, of a counter its total."""
    names = set()
    for metric in Metrics().registry.collect():
        match metric.type:
            case "counter":
                names.add(f"{metric.name}_total")
            case "histogram":
                names |= {f"{metric.name}_{part}" for part in ("bucket", "count", "sum")}
            case _:
                names.add(metric.name)
    return names


def asked(expression: str) -> set[str]:
    return set(re.findall(r"\bthreegate_\w+", expression))


def alerts() -> list[dict[str, object]]:
    rules = YAML(typ="safe").load((OBSERVE / "alerts.yml").read_text("utf-8"))
    return [rule for group in rules["groups"] for rule in group["rules"]]


def test_the_dashboard_asks_for_metrics_that_exist() -> None:
    board = json.loads((OBSERVE / "dashboard.json").read_text("utf-8"))
    targets = [t["expr"] for panel in board["panels"] for t in panel.get("targets", ())]
    names = set().union(*(asked(t) for t in targets))
    assert names <= exported()
    bases = {re.sub(r"_(total|bucket|count|sum)$", "", n) for n in names}
    assert bases == {re.sub(r"_(total|bucket|count|sum)$", "", n) for n in exported()}


def test_alerts_ask_for_metrics_that_exist_and_have_a_page() -> None:
    pages = (ROOT / "docs" / "runbooks.md").read_text("utf-8")
    chinese = (ROOT / "docs" / "runbooks.zh-CN.md").read_text("utf-8")
    for alert in alerts():
        assert asked(str(alert["expr"])) <= exported()
        name = str(alert["alert"])
        assert alert["annotations"]["runbook"] == f"docs/runbooks.md#{name.lower()}"  # type: ignore[index]
        assert f"\n## {name}\n" in pages
        assert f"\n## {name}\n" in chinese


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
def test_alerts_fire_when_they_should() -> None:
    command = [str(PROMTOOL), "test", "rules", "alerts_test.yml"]
    done = subprocess.run(command, cwd=OBSERVE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_test() -> None:
    tested = (OBSERVE / "alerts_test.yml").read_text("utf-8")
    assert [a["alert"] for a in alerts() if f"alertname: {a['alert']}" not in tested] == []
