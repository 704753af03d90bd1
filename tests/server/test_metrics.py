"""What Prometheus is told, and what the dashboard asks it for."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from tests.conftest import ADMIN_EMAIL, lone_server, sign_in
from tests.processes import ROOT

DASHBOARD = ROOT / "deploy" / "grafana" / "ctfy.json"


def test_the_dashboard_asks_for_what_there_is(tmp_path: Path) -> None:
    with lone_server(tmp_path, CTFY_METRICS_TOKEN="for-prometheus") as url:
        with sign_in(url, ADMIN_EMAIL) as admin:
            admin.me.get()
        path = f"{url}/metrics"
        assert httpx.get(path).status_code == 401
        told = httpx.get(path, headers={"Authorization": "Bearer for-prometheus"}).text
    known = set(re.findall(r"^# TYPE (ctfy_\w+)", told, re.MULTILINE))
    assert {"ctfy_instances", "ctfy_jobs", "ctfy_http_request_seconds"} <= known
    asked = set(re.findall(r"ctfy_\w+", DASHBOARD.read_text()))
    histogram = {name.removesuffix("_bucket") for name in asked}
    assert histogram - known == set()


def test_without_a_token_there_are_no_metrics(tmp_path: Path) -> None:
    with lone_server(tmp_path) as url:
        answer = httpx.get(f"{url}/metrics")
    assert (answer.status_code, answer.json()["code"]) == (404, "metrics_disabled")
