"""Limits: what a challenge says of memory, processors, processes and disk is what holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ctfy.challenge.audit import Finding, audit
from ctfy.challenge.catalogue import Catalogue, Challenge
from ctfy.challenge.compose.model import Service, ServiceLimits
from ctfy.challenge.importers import bring
from ctfy.challenge.limits import (
    KINDS,
    LEAST,
    OF_CONTAINER,
    asked_of_containers,
    in_sandbox,
    of_services,
    too_much,
    unfit,
)
from ctfy.challenge.metadata import Metadata

MUCH = {"memory_mb": 10**6, "cpus": 10**3, "processes": 10**5, "disk_mb": 10**6}
SAID = {"name": "Made", "description": "d", "difficulty": "easy", "tags": ["t"]}


def folder(root: Path, services: dict[str, Any], **metadata: Any) -> Path:
    made = root / "made"
    made.mkdir()
    (made / "metadata.yaml").write_text(yaml.safe_dump({**SAID, **metadata}))
    if services:
        services = {name: {"image": "x", "ports": ["80"], **s} for name, s in services.items()}
        (made / "docker-compose.yml").write_text(yaml.safe_dump({"services": services}))
    return made


def challenge(root: Path, services: dict[str, Any], **metadata: Any) -> Challenge:
    folder(root, services, **metadata)
    catalogue = Catalogue.load(root)
    assert not catalogue.broken, catalogue.broken
    return catalogue.challenges["made"]


def errors(made: Path) -> list[Finding]:
    return [finding for finding in audit(made) if finding.is_error]


def test_a_challenge_that_says_nothing_gets_what_everybody_gets(tmp_path: Path) -> None:
    made = challenge(tmp_path, {"a": {}, "b": {}})
    shares = of_services(made.metadata, made.compose.services, MUCH)
    assert shares == {"a": OF_CONTAINER, "b": OF_CONTAINER}
    assert (made.wanted.memory_mb, made.wanted.cpus, made.wanted.asks) == (512, 1.0, {})


@pytest.mark.parametrize(
    ("said", "limits"),
    [
        ({"mem_limit": "1g"}, ServiceLimits(memory_mb=1024)),
        ({"mem_limit": "1.5gb"}, ServiceLimits(memory_mb=1536)),
        ({"mem_limit": 268435456}, ServiceLimits(memory_mb=256)),
        ({"cpus": "0.5"}, ServiceLimits(cpus=0.5)),
        ({"pids_limit": 100}, ServiceLimits(processes=100)),
        ({"shm_size": "64m"}, ServiceLimits(shm_mb=64)),
        (
            {"deploy": {"resources": {"limits": {"memory": "64M", "cpus": "2", "pids": 9}}}},
            ServiceLimits(memory_mb=64, cpus=2, processes=9),
        ),
        (
            {"mem_limit": "64m", "deploy": {"resources": {"limits": {"memory": "64m"}}}},
            ServiceLimits(memory_mb=64),
        ),
    ],
)
def test_what_a_compose_file_says_is_taken(
    said: dict[str, Any], limits: ServiceLimits, tmp_path: Path
) -> None:
    assert challenge(tmp_path, {"web": said}).compose.services["web"].limits == limits


@pytest.mark.parametrize(
    ("said", "rule", "fix"),
    [
        ({"mem_limit": "1k"}, "compose.mem_limit", "from 16m"),
        ({"mem_limit": "lots"}, "compose.mem_limit", "from 16m"),
        ({"mem_limit": 0}, "compose.mem_limit", "from 16m"),
        ({"cpus": 0}, "compose.cpus", "from 0.01"),
        ({"cpus": "-1"}, "compose.cpus", "from 0.01"),
        ({"pids_limit": -1}, "compose.pids_limit", "from 1"),
        ({"shm_size": "600m"}, "compose.shm_size", "at most 512m"),
        ({"deploy": {"replicas": 2}}, "compose.deploy", "remove it"),
        ({"deploy": {"resources": {"limits": {"devices": 1}}}}, "compose.deploy", "remove it"),
        (
            {"deploy": {"resources": {"reservations": {"devices": [{"driver": "x"}]}}}},
            "compose.deploy",
            "remove it",
        ),
    ],
)
def test_what_is_no_limit_is_refused_with_what_would_be_right(
    said: dict[str, Any], rule: str, fix: str, tmp_path: Path
) -> None:
    (found,) = errors(folder(tmp_path, {"web": said}))
    assert (found.rule, found.line > 0) == (rule, True)
    assert fix in found.fix


def test_what_is_reserved_is_a_warning(tmp_path: Path) -> None:
    resources = {"reservations": {"memory": "64m"}}
    made = folder(tmp_path, {"web": {"deploy": {"resources": resources}}})
    assert "compose.deploy" in [f.rule for f in audit(made) if not f.is_error]


def test_of_two_that_differ_the_smaller_holds_and_is_a_warning(tmp_path: Path) -> None:
    deploy = {"resources": {"limits": {"memory": "64m"}}}
    made = challenge(tmp_path, {"web": {"mem_limit": "65m", "deploy": deploy}})
    assert made.compose.services["web"].limits.memory_mb == 64
    assert "compose.mem_limit" in [f.rule for f in audit(made.path) if not f.is_error]


def test_services_share_what_those_leave_that_say_theirs(tmp_path: Path) -> None:
    made = challenge(
        tmp_path,
        {"a": {"mem_limit": "100m"}, "b": {}, "c": {"cpus": 0.5}},
        limits={"memory_mb": 400, "cpus": 2, "processes": 90},
    )
    shares = of_services(made.metadata, made.compose.services, MUCH)
    assert shares["a"] == {"memory_mb": 100, "cpus": 0.75, "processes": 30}
    assert shares["b"] == {"memory_mb": 150, "cpus": 0.75, "processes": 30}
    assert shares["c"] == {"memory_mb": 150, "cpus": 0.5, "processes": 30}
    assert made.wanted.asks == {"memory_mb": 400, "cpus": 2, "processes": 90}


def test_what_some_services_say_counts_with_what_the_others_get(tmp_path: Path) -> None:
    made = challenge(tmp_path, {"a": {"mem_limit": "2g"}, "b": {}})
    assert made.wanted.memory_mb == 2048 + 512
    assert made.wanted.asks == {"memory_mb": 2048 + 512}


@pytest.mark.parametrize(
    ("services", "metadata", "line_of", "fix"),
    [
        ({"a": {}, "b": {}, "c": {}}, {"limits": {"memory_mb": 40}}, "memory_mb", "at least 48"),
        ({"a": {"mem_limit": "1g"}}, {"limits": {"memory_mb": 512}}, "memory_mb", "at least 1024"),
        (
            {},
            {
                "limits": {"processes": 10},
                "sandbox": {"run": ["x"], "port": 80, "processes": 20},
            },
            "processes: 10",
            "at least 20",
        ),
    ],
)
def test_limits_that_contradict_one_another_are_refused(
    services: dict[str, Any], metadata: dict[str, Any], line_of: str, fix: str, tmp_path: Path
) -> None:
    made = folder(tmp_path, services, **metadata)
    (found,) = errors(made)
    assert found.rule == "limits.unfit"
    assert line_of in (made / "metadata.yaml").read_text().splitlines()[found.line - 1]
    assert fix in found.fix


@pytest.mark.parametrize(
    ("written", "fix"),
    [({"memory": 512}, "memory_mb"), ({"memory_mb": 1}, "at least 16"), ({"cpus": 0}, "at least")],
)
def test_a_limit_that_is_none_is_refused(written: dict[str, Any], fix: str, tmp_path: Path) -> None:
    (found,) = errors(folder(tmp_path, {"web": {}}, limits=written))
    assert fix in found.fix


def test_a_sandbox_keeps_its_own_words_and_takes_the_challenges(tmp_path: Path) -> None:
    sandbox = {"run": ["x"], "port": 80, "memory_mb": 64}
    limits = {"memory_mb": 256, "cpus": 0.5}
    made = challenge(tmp_path, {}, sandbox=sandbox, limits=limits)
    assert in_sandbox(made.metadata, MUCH) == {"memory_mb": 64, "cpus": 0.5, "processes": 64}
    assert made.wanted.memory_mb == 256


def test_more_than_there_is_is_said_with_what_there_is() -> None:
    asks = {"memory_mb": 4096, "cpus": 1, "disk_mb": 10}
    most = {"memory_mb": 1024, "cpus": 1.0, "processes": 5}
    ((kind, words),) = too_much(asks, most)
    assert kind == "memory_mb"
    assert "4096 MB" in words
    assert "1024" in words


amounts = st.one_of(st.none(), st.integers(16, 4000))


@given(st.lists(amounts, min_size=1, max_size=8), amounts)
def test_shares_of_a_challenge_never_come_to_more_than_its_limits(
    said: list[int | None], total: int | None
) -> None:
    services = {
        str(number): Service(
            str(number), "x", None, {}, {}, [], {}, {}, [], [], ServiceLimits(one, one, one)
        )
        for number, one in enumerate(said)
    }
    limits = {} if total is None else dict.fromkeys(KINDS, min(total, 1024))
    metadata = Metadata.model_validate({**SAID, "limits": limits})
    if any(unfit(metadata, services)):
        return
    shares = of_services(metadata, services, MUCH)
    asks = asked_of_containers(metadata, services)
    for kind in KINDS:
        given_ = [share[kind] for share in shares.values()]
        assert all(amount >= LEAST[kind] for amount in given_)
        if kind in asks:
            assert sum(given_) <= asks[kind] + (0.01 * len(said) if kind == "cpus" else 0)
        for name, service in services.items():
            own = getattr(service.limits, kind)
            assert own is None or shares[name][kind] == own


def test_an_import_carries_limits_and_names_what_it_loses(tmp_path: Path) -> None:
    source = tmp_path / "old" / "a"
    source.mkdir(parents=True)
    (source / "benchmark.json").write_text('{"name": "A", "description": "d"}')
    resources = {"limits": {"memory": "64m"}}
    web = {
        "image": "x",
        "environment": ["FLAG"],
        "ports": ["80", "53/udp"],
        "cpus": 0.5,
        "deploy": {"replicas": 2, "resources": resources},
    }
    (source / "docker-compose.yml").write_text(yaml.safe_dump({"services": {"web": web}}))
    (report,) = bring("xbow", tmp_path / "old", tmp_path / "new")
    (made,) = Catalogue.load(tmp_path / "new").challenges.values()
    service = made.compose.services["web"]
    assert (service.ports, service.limits) == ([80], ServiceLimits(memory_mb=64, cpus=0.5))
    lost = {line.partition(":")[0] for line in report.lost}
    assert {"services.web.deploy.replicas", "services.web.ports 53/udp"} <= lost
