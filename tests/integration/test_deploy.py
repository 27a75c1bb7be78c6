"""What deploy/ gives an operator, held against the tools that read it: hadolint, Compose's specification, Helm, Kubernetes' schemas,
systemd, promtool. An image is not built here: that needs an engine (`make image`)."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from services.cli.main import parse
from services.observability import metrics
from services.settings import load
from services.settings.describe import describe
from tests.parts.debian import program
from tests.parts.kit import ask_inside, lint_dockerfile

pytestmark = pytest.mark.real
DEPLOY = Path(__file__).parents[2] / "deploy"
CHART = str(DEPLOY / "helm" / "stafett")
VALUES = {"existingSecret": "stafett", "migrations": {"existingSecret": "stafett-owner", "grantsTo": "stafett_run"}}
EVERYTHING = VALUES | {
    "config": {"agreement.yaml": "a: 1\n"},
    "topics": {"apply": True},
    "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "tls"},
    "networkPolicy": {"metricsFrom": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}]},
    "roles": {"router": {"hpa": {"min": 2, "max": 8, "lag": 2000}}},
}


def is_a_command(words):
    """Whether `stafett` would begin: argparse ends the process where it would not."""
    parse(words)
    return True


def known_settings():
    return {setting.name for setting in describe(load({}))}


def test_hadolint_is_content_with_the_dockerfile():
    assert lint_dockerfile(DEPLOY / "container" / "Dockerfile") == ""


@pytest.mark.parametrize("name", ["compose.yaml", "fleet.yaml"])
def test_a_compose_file_follows_the_specification_and_runs_commands_that_there_are(name):
    text = (DEPLOY / "container" / name).read_text()
    services = ask_inside("compose", text=text)
    written = yaml.safe_load(text)["services"]
    assert services == sorted(written)
    ours = [service for service in written.values() if service["image"].startswith("stafett")]
    for service in ours:
        words = service["command"] if "entrypoint" not in service else _words_of_shell(*service["command"])
        for command in words if isinstance(words[0], list) else [words]:
            assert is_a_command(command)
        assert service["read_only"] and service["cap_drop"] == ["ALL"]
        names = {setting.removesuffix("_FILE") for setting in service.get("environment", {})}
        assert names <= known_settings()
    assert ours


def _words_of_shell(line):
    return [shlex.split(part)[1:] for part in line.split("&&")]


def test_a_compose_file_with_a_word_too_much_is_refused():
    text = (DEPLOY / "container" / "compose.yaml").read_text().replace("read_only:", "readonly:")
    with pytest.raises(AssertionError, match="readonly"):
        ask_inside("compose", text=text)


def test_helm_finds_nothing_wrong_with_the_chart():
    assert ask_inside("lint", chart=CHART, values=VALUES) == []


@pytest.mark.parametrize("version", ["1.27", "1.31", "1.34"])
def test_what_the_chart_makes_is_valid_for_kubernetes_and_asks_for_no_more_than_it_needs(version):
    resources = ask_inside("render", chart=CHART, values=EVERYTHING, version=version)
    kinds = [one["kind"] for one in resources]
    assert set(kinds) == {
        "ConfigMap", "Deployment", "HorizontalPodAutoscaler", "Ingress", "Job", "NetworkPolicy", "PodDisruptionBudget", "Service",
    }  # fmt: skip
    pods = [one["spec"]["template"]["spec"] for one in resources if one["kind"] in {"Deployment", "Job"}]
    assert len(pods) == 9
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
        for container in pod["containers"] + pod.get("initContainers", []):
            assert container["securityContext"]["readOnlyRootFilesystem"]
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]
            assert is_a_command(container["args"])
            assert {one["name"] for one in container["env"] or []} <= known_settings()


def test_the_chart_says_what_it_lacks():
    assert "existingSecret" in ask_inside("refused", chart=CHART, values={})[0]
    misspelt = VALUES | {"roles": {"router": {"replica": 3}}}
    assert "replica" in ask_inside("refused", chart=CHART, values=misspelt)[0]


def test_every_role_of_the_chart_runs_and_none_is_forgotten():
    values = yaml.safe_load((DEPLOY / "helm" / "stafett" / "values.yaml").read_text())
    roles = yaml.safe_load((DEPLOY / "kafka" / "topics.yaml").read_text())["acls"]
    principals = {re.search(r"User:stafett-(\w+)", line)[1] for line in roles} - {"topics", "operator", "data"}
    assert values["roles"].keys() == principals


@pytest.mark.parametrize("name", ["stafett.service", "stafett@.service", "stafett-sla.service"])
def test_systemd_takes_the_units(name, tmp_path):
    text = (DEPLOY / "systemd" / name).read_text()
    (command,) = re.findall(r"^ExecStart=/opt/stafett/bin/stafett (.*)$", text, re.MULTILINE)
    assert is_a_command(shlex.split(command.replace("%i", "router")))
    # The program and the handbook are not on this machine; everything else is as it is given.
    here = text.replace("/opt/stafett/bin/stafett", "/bin/true").replace(
        "file:/opt/stafett/docs/production.md", "man:true(1)"
    )
    (tmp_path / name).write_text(here)
    verify = [program("systemd", "usr/bin/systemd-analyze"), "verify", "--man=no", str(tmp_path / name)]
    done = subprocess.run(verify, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_each_alert_fires_on_what_it_is_for_and_a_quiet_installation_tells_nobody():
    folder = DEPLOY / "prometheus"
    promtool = program("prometheus", "usr/bin/promtool")
    done = subprocess.run(
        [promtool, "test", "rules", "alerts_test.yaml"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rules = yaml.safe_load((folder / "alerts.yaml").read_text())["groups"]
    tested = (folder / "alerts_test.yaml").read_text()
    assert [rule["alert"] for group in rules for rule in group["rules"] if f'"{rule["alert"]}"' not in tested] == []


@pytest.mark.parametrize("board", sorted((DEPLOY / "grafana").glob("*.json")), ids=lambda path: path.stem)
def test_a_dashboard_asks_prometheus_for_metrics_that_there_are(board, tmp_path):
    panels = json.loads(board.read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    rules = [{"record": f"asked:{number}", "expr": expr} for number, expr in enumerate(asked)]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}))
    promtool = program("prometheus", "usr/bin/promtool")
    done = subprocess.run(
        [promtool, "check", "rules", "rules.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    served = {sample for metric in metrics.REGISTRY.collect() for sample in _samples_of(metric)}
    used = {name for expr in asked for name in re.findall(r"\bstafett_\w+", expr)}
    assert used and used <= served


def _samples_of(metric):
    ends = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}.get(metric.type, ("",))
    return [metric.name + end for end in ends]
