"""Prometheus and Grafana ask for what the product tells, everywhere it runs."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from shared.observability.metrics import METRICS
from shared.runtime.probe import WORKER_PORT
from shared.runtime.settings import SERVICES
from tests.unit.deploy.deployment import REPOSITORY, Deployment

PROMETHEUS = REPOSITORY / "deploy/compose/prometheus"
BOARD = REPOSITORY / "deploy/grafana/boards/services.json"
ADDED_BY_PROMETHEUS = {"job", "instance", "le"}


def told() -> dict[str, set[str]]:
    """Name of each series that a process tells, with its labels."""
    series: dict[str, set[str]] = {}
    for metric in vars(METRICS).values():
        if not isinstance(metric, MetricWrapperBase):
            continue
        for family in metric.describe():
            endings = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
            for ending in endings.get(family.type, [""]):
                series[family.name + ending] = set(metric._labelnames)
    return series


def faults(expression: str) -> list[str]:
    """What an expression asks for and no process tells."""
    known = told()
    found = [name for name in re.findall(r"\byizhan_\w+", expression) if name not in known]
    labels = {"up": set()} | known
    for name, matchers in re.findall(r"\b(\w+)\{([^}]*)\}", expression):
        allowed = labels.get(name, set()) | ADDED_BY_PROMETHEUS
        asked = re.findall(r"(\w+)\s*[=!]~?", matchers)
        found += [f"{name} has no label {label}" for label in asked if label not in allowed]
    every = set().union(*known.values()) | ADDED_BY_PROMETHEUS
    for listed in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", expression):
        found += [label for label in re.split(r"[,\s]+", listed) if label and label not in every]
    return found


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "rules.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> list[str]:
    board = json.loads(BOARD.read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    return [rule["expr"] for rule in rules()] + asked


@pytest.mark.parametrize("expression", expressions())
def test_what_is_asked_is_told(expression: str) -> None:
    """Goal: no alert sleeps because of a misspelt name. Method: compare with the registry."""
    assert faults(expression) == []
    assert "yizhan_" in expression or "up" in expression


@pytest.mark.parametrize(
    "expression",
    ["yizhan_outbox_age > 1", 'yizhan_dead_letters_open{state="dead"}', "sum by (servce) (up)"],
)
def test_a_misspelling_is_noticed(expression: str) -> None:
    """Goal: the comparison can fail. Method: a wrong name, a wrong label, a wrong grouping."""
    assert faults(expression) != []


def test_no_label_of_ours_is_prometheus_own() -> None:
    """Goal: an alert names what it means. Method: a label that Prometheus sets itself on what it
    collects is renamed there, and its name then means the collecting."""
    taken = {name: labels & {"job", "instance"} for name, labels in told().items()}
    assert {name: labels for name, labels in taken.items() if labels} == {}


def test_a_first_fault_is_heard() -> None:
    """Goal: a counter with labels appears with its first fault, at 1, which is no increase yet.
    Method: a rule that one increase of such a counter fires asks as well whether it is new."""
    unheard = [
        rule["alert"]
        for rule in rules()
        for name in re.findall(r"\bincrease\((yizhan_\w+)[^>]*> 0", rule["expr"])
        if told()[name] and f"{name} unless {name} offset" not in rule["expr"]
    ]
    assert unheard == []


def test_alerts_cover_what_an_operator_must_hear() -> None:
    """Goal: outbox, lag, dead letters, readiness, errors raise an alert, in both languages."""
    asked = " ".join(rule["expr"] for rule in rules())
    for wanted in (
        "yizhan_outbox_oldest_unpublished_seconds", "yizhan_consumer_lag_records",
        "yizhan_dead_letters_open", 'readyz",status="503"', 'status=~"5.."', "up == 0",
    ):  # fmt: skip
        assert wanted in asked
    for rule in rules():
        assert rule["for"]
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert {"summary", "summary_zh", "action"} <= rule["annotations"].keys()
        assert re.search(r"[\u4e00-\u9fff]", rule["annotations"]["summary_zh"])


def test_every_process_is_asked() -> None:
    """Goal: no process is forgotten. Method: targets against the compose file's containers."""
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    asked = {
        target: job["metrics_path"]
        for job in config["scrape_configs"]
        for each in job["static_configs"]
        for target in each["targets"]
    }
    serving = {f"{name}:8000": f"/{name}/metrics" for name in SERVICES}
    working = {f"{name}-worker:{WORKER_PORT}": "/metrics" for name in SERVICES}
    assert asked == serving | working
    services = Deployment.read().services
    assert {target.split(":")[0] for target in asked} <= services.keys()
    mounts = services["prometheus"]["volumes"]
    for file in config["rule_files"]:
        assert f"./deploy/compose/prometheus/{file.rsplit('/', 1)[1]}:{file}:ro" in mounts


def test_the_board_is_readable_by_both() -> None:
    """Goal: clerks and engineers read the board. Method: each title in Chinese and in English."""
    board = json.loads(BOARD.read_text(encoding="utf-8"))
    datasources = yaml.safe_load(
        (REPOSITORY / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text()
    )["datasources"]
    for panel in board["panels"]:
        assert re.search(r"[\u4e00-\u9fff].* · .*[A-Za-z]", panel["title"])
        assert panel["datasource"]["uid"] == datasources[0]["uid"]
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in board["panels"]]
    assert len(places) == len(set(places))
