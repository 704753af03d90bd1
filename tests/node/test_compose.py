from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ctfy.challenge.catalogue import Catalogue, Challenge
from ctfy.node.providers.docker.compose import image_of, published_ports, render


def challenge(folder: Path, services: dict[str, Any]) -> Challenge:
    root = folder / "made"
    (root / "services" / "web").mkdir(parents=True)
    (root / "services" / "web" / "Dockerfile").write_text("FROM scratch\n")
    (root / "docker-compose.yml").write_text(yaml.safe_dump({"services": services}))
    (root / "metadata.yaml").write_text(
        "{name: Made, description: d, difficulty: easy, tags: [t]}\n"
    )
    return Catalogue.load(folder).challenges["made"]


def rendered(folder: Path, **service: Any) -> dict[str, Any]:
    made = challenge(folder, {"web": {"image": "x", "ports": ["80"], **service}})
    services: dict[str, Any] = render(
        made, "i1", {"flag": "F"}, folder / "answers", bind="127.0.0.1", node="n"
    )["services"]
    return services["web"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("privileged", True),
        ("network_mode", "host"),
        ("pid", "host"),
        ("ipc", "host"),
        ("devices", ["/dev/kmsg"]),
        ("container_name", "fixed"),
        ("volumes", ["/var/run/docker.sock:/var/run/docker.sock", "/:/host"]),
        ("cap_add", ["SYS_ADMIN"]),
        ("security_opt", ["seccomp:unconfined"]),
        ("userns_mode", "host"),
    ],
)
def test_nothing_that_reaches_the_host_is_kept(tmp_path: Path, key: str, value: Any) -> None:
    service = rendered(tmp_path, **{key: value})
    assert service.get(key) in (None, [], ["no-new-privileges:true"])
    assert service["cap_drop"] == ["ALL"]
    assert {"mem_limit", "cpus", "pids_limit"} <= service.keys()


@pytest.mark.parametrize(
    ("entry", "port"),
    [("80", 80), (80, 80), ("8080:80", 80), ("0.0.0.0:8080:80/tcp", 80), ({"target": 80}, 80)],
)
def test_ports_are_published_at_random_on_loopback(tmp_path: Path, entry: Any, port: int) -> None:
    assert published_ports({"ports": [entry]}) == [port]
    assert rendered(tmp_path, ports=[entry])["ports"] == [f"127.0.0.1::{port}"]


def test_answers_go_to_the_rotators_environment_and_to_mounts(tmp_path: Path) -> None:
    made = challenge(
        tmp_path,
        {
            "web": {"image": "x", "ports": ["80"], "volumes": ["data:/answers"]},
            "flag-rotator": {"image": "x", "environment": ["A=b"]},
        },
    )
    services = render(made, "i1", {"flag": "F"}, tmp_path / "answers", bind="127.0.0.1", node="n")[
        "services"
    ]
    assert services["web"]["volumes"] == [f"{tmp_path / 'answers'}:/answers:ro"]
    assert "environment" not in services["web"]
    assert services["flag-rotator"]["environment"] == {"A": "b", "ANSWER_FLAG": "F"}
    assert "volumes" not in services["flag-rotator"]


def test_an_image_is_named_by_its_content(tmp_path: Path) -> None:
    made = challenge(tmp_path, {"web": {"build": "services/web", "ports": ["80"]}})
    service = {"build": {"context": "services/web"}}
    before, folder = image_of(made, "web", service)
    assert (before, folder) == image_of(made, "web", service)
    assert folder is not None
    (folder / "Dockerfile").write_text("FROM scratch\nLABEL a=b\n")
    assert image_of(made, "web", service)[0] != before


def test_a_build_outside_the_challenge_is_refused(tmp_path: Path) -> None:
    made = challenge(tmp_path, {"web": {"build": "../..", "ports": ["80"]}})
    with pytest.raises(ValueError, match="outside"):
        image_of(made, "web", {"build": "../.."})
