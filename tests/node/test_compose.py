from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ctfy.challenge.audit import Finding
from ctfy.challenge.catalogue import Catalogue, Challenge
from ctfy.challenge.compose.values import nanoseconds
from ctfy.challenge.folders import PathRefused
from ctfy.node.providers.docker.compose import (
    Build,
    Network,
    build_of,
    network_names,
    render,
)
from ctfy.node.providers.docker.isolation import Subnets
from ctfy.node.settings import fitting


def challenge(folder: Path, services: dict[str, Any], **top: Any) -> Challenge:
    root = folder / "made"
    (root / "services" / "web").mkdir(parents=True)
    (root / "services" / "web" / "Dockerfile").write_text("FROM scratch\n")
    (root / "docker-compose.yml").write_text(yaml.safe_dump({"services": services, **top}))
    (root / "metadata.yaml").write_text(
        "{name: Made, description: d, difficulty: easy, tags: [t]}\n"
    )
    catalogue = Catalogue.load(folder)
    assert not catalogue.broken, catalogue.broken
    return catalogue.challenges["made"]


def findings(folder: Path, services: dict[str, Any], **top: Any) -> list[Finding]:
    """What is wrong with such a challenge, which is not loaded."""
    with pytest.raises(AssertionError):
        challenge(folder, services, **top)
    return Catalogue.load(folder).broken["made"]


IMAGES = {"web": "x", "db": "y", "flag-rotator": "z"}
MOST = {"memory_mb": 4096, "cpus": 4, "processes": 1000, "disk_mb": 1024}
NETWORKS = {"default": Network("ctiabc", "10.213.0.0/28")}


def rendered(folder: Path, **service: Any) -> dict[str, Any]:
    made = challenge(folder, {"web": {"image": "x", "ports": ["80"], **service}})
    services: dict[str, Any] = render(
        made,
        "i1",
        {"flag": "F"},
        folder / "answers",
        images=IMAGES,
        networks=NETWORKS,
        volume_of=Path,
        node="n",
        most=MOST,
    )["services"]
    return services["web"]


REFUSED = [
    ({"privileged": True}, "privileged"),
    ({"network_mode": "host"}, "network_mode"),
    ({"pid": "host"}, "pid"),
    ({"ipc": "host"}, "ipc"),
    ({"uts": "host"}, "uts"),
    ({"userns_mode": "host"}, "userns_mode"),
    ({"cgroup_parent": "/"}, "cgroup_parent"),
    ({"devices": ["/dev/kmsg"]}, "devices"),
    ({"device_cgroup_rules": ["a *:* rwm"]}, "device_cgroup_rules"),
    ({"security_opt": ["seccomp:unconfined"]}, "security_opt"),
    ({"sysctls": {"net.ipv4.ip_forward": 1}}, "sysctls"),
    ({"runtime": "runc"}, "runtime"),
    ({"container_name": "fixed"}, "container_name"),
    ({"external_links": ["db"]}, "external_links"),
    ({"volumes_from": ["db"]}, "volumes_from"),
    ({"extra_hosts": ["host:host-gateway"]}, "extra_hosts"),
    ({"secrets": ["s"]}, "secrets"),
    ({"configs": ["c"]}, "configs"),
    ({"env_file": "/etc/passwd"}, "env_file"),
    ({"extends": {"file": "/x.yml", "service": "y"}}, "extends"),
    ({"ulimits": {"nofile": 1000000}}, "ulimits"),
    ({"oom_score_adj": -1000}, "oom_score_adj"),
    ({"something_new": True}, "something_new"),
    ({"cap_add": ["SYS_ADMIN"]}, "SYS_ADMIN"),
    ({"cap_add": ["CAP_NET_ADMIN"]}, "NET_ADMIN"),
    ({"volumes": ["/var/run/docker.sock:/var/run/docker.sock"]}, "docker.sock"),
    ({"volumes": ["/:/host"]}, "mounted from the host"),
    ({"volumes": ["../..:/up"]}, "mounted from the host"),
    ({"volumes": ["~/x:/home"]}, "mounted from the host"),
    ({"volumes": ["${HOME}/x:/home"]}, "mounted from the host"),
    ({"volumes": [{"type": "bind", "source": "/etc", "target": "/x"}]}, "mounted from the host"),
    ({"volumes": ["./nowhere:/x"]}, "not here"),
    ({"ports": ["8080:80"]}, "port of the host is fixed"),
    ({"ports": [{"target": 80, "published": 80}]}, "port of the host is fixed"),
    ({"ports": ["80-90"]}, "no single port"),
    ({"build": "/etc"}, "builds from outside"),
    ({"environment": ["A=${CTFY_NODE_TOKEN}"]}, "nobody sets `CTFY_NODE_TOKEN`"),
    ({"command": "echo $HOME"}, "nobody sets `HOME`"),
    ({"networks": {"default": {"ipv4_address": "10.0.0.2"}}}, "ipv4_address"),
    ({"depends_on": ["nowhere"]}, "waits for ['nowhere']"),
    ({"depends_on": {"web": {"condition": "service_started"}}}, "wait for one another"),
    ({"depends_on": {"web": {"condition": "service_fine"}}}, "a condition that there is not"),
    ({"build": {"context": "services/web", "network": "host"}}, "build.network"),
    ({"build": {"context": "services/web", "dockerfile": "../../Dockerfile"}}, "outside"),
]


@pytest.mark.parametrize(("asked", "named"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_reaches_the_host_is_refused_with_its_line(
    tmp_path: Path, asked: dict[str, Any], named: str
) -> None:
    found = findings(tmp_path, {"web": {"image": "x", "ports": ["80"], **asked}})
    first = next(f for f in found if named in str(f))
    text = (tmp_path / "made" / "docker-compose.yml").read_text().splitlines()
    line = text[first.line - 1]
    assert any(word in line for word in (*asked, *map(str, _leaves(asked)))), line
    assert first.path.name == "docker-compose.yml"
    assert first.fix


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *(leaf for inner in value.values() for leaf in _leaves(inner))]
    return (
        [leaf for inner in value for leaf in _leaves(inner)] if isinstance(value, list) else [value]
    )


@pytest.mark.parametrize(
    ("top", "named"),
    [
        ({"volumes": {"v": {"driver_opts": {"type": "none", "device": "/"}}}}, "driver_opts"),
        ({"volumes": {"v": {"external": True}}}, "external"),
        ({"networks": {"n": {"driver": "host"}}}, "driver"),
        ({"networks": {"n": {"external": True}}}, "external"),
        ({"networks": {"n": {"driver_opts": {"parent": "eth0"}}}}, "driver_opts"),
        ({"secrets": {"s": {"file": "/etc/shadow"}}}, "secrets"),
        ({"include": ["/x.yml"]}, "include"),
    ],
)
def test_so_is_what_the_whole_file_asks_for(
    tmp_path: Path, top: dict[str, Any], named: str
) -> None:
    assert named in str(findings(tmp_path, {"web": {"image": "x", "ports": ["80"]}}, **top))


def test_every_service_is_confined(tmp_path: Path) -> None:
    service = rendered(tmp_path, cap_add=["net_bind_service"], restart="always")
    assert (service["cap_drop"], service["cap_add"]) == (["ALL"], ["NET_BIND_SERVICE"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"ulimits", "logging"} <= service.keys()
    limits = [service[key] for key in ("mem_limit", "memswap_limit", "cpus", "pids_limit")]
    assert limits == ["512m", "512m", 1.0, 256]
    assert service["restart"] == "no"
    assert service["dns"] == ["192.0.2.53"]


@pytest.mark.parametrize(("entry", "port"), [("80", 80), (80, 80), ({"target": 80}, 80)])
def test_ports_are_the_containers_own(tmp_path: Path, entry: Any, port: int) -> None:
    service = rendered(tmp_path, ports=[entry])
    assert service["labels"]["ctfy.ports"] == str(port)
    assert "ports" not in service


def test_networks_and_volumes_are_the_instances_own(tmp_path: Path) -> None:
    made = challenge(
        tmp_path,
        {
            "web": {
                "image": "x",
                "ports": ["80"],
                "networks": ["front", "back"],
                "volumes": ["data:/data", "./services:/src", "/scratch"],
                "depends_on": {"db": {"condition": "service_healthy"}},
            },
            "db": {
                "image": "y",
                "networks": {"back": {"aliases": ["database"]}},
                "healthcheck": {"test": ["CMD", "true"]},
                "volumes": ["data:/data:ro"],
            },
        },
        networks={"front": {}, "back": {}},
        volumes={"data": {}},
    )
    assert network_names(made) == ["back", "front"]
    networks = {
        "front": Network("cti1", "10.213.0.0/28"),
        "back": Network("cti2", "10.213.0.16/28"),
    }
    content = render(
        made,
        "i1",
        {},
        tmp_path / "answers",
        images=IMAGES,
        networks=networks,
        volume_of=Path,
        node="n",
        most=MOST,
    )
    web, db = content["services"]["web"], content["services"]["db"]
    assert web["volumes"][:2] == [
        {"type": "volume", "source": "data", "target": "/data", "read_only": False},
        {
            "type": "bind",
            "source": f"{made.path}/services",
            "target": "/src",
            "read_only": True,
        },
    ]
    assert [(m["source"], m["read_only"]) for m in db["volumes"]] == [("data", True)]
    assert set(content["volumes"]) == {"data", web["volumes"][2]["source"]}
    assert content["volumes"]["data"]["driver_opts"]["device"] == "data"
    assert db["networks"] == {"back": {"aliases": ["database"]}}
    assert web["depends_on"] == {"db": {"condition": "service_healthy"}}
    back = content["networks"]["back"]
    assert back["driver_opts"] == {
        "com.docker.network.bridge.name": "cti2",
        "com.docker.network.bridge.enable_ip_masquerade": "false",
    }
    assert back["ipam"] == {"config": [{"subnet": "10.213.0.16/28"}]}


@given(
    st.lists(st.integers(0, 4095), max_size=40, unique=True),
    st.integers(min_value=1, max_value=4),
)
def test_chosen_subnets_are_free_and_apart(taken: list[int], count: int) -> None:
    base = int(ipaddress.IPv4Address("10.213.0.0"))
    used = [str(ipaddress.IPv4Network((base + 16 * n, 28))) for n in taken]
    chosen = Subnets("10.213.0.0/16").choose([*used, "fd00::/64", "172.17.0.0/16"], count)
    networks = [ipaddress.IPv4Network(c) for c in chosen]
    others = [ipaddress.IPv4Network(u) for u in used]
    assert len(set(chosen)) == count
    assert not any(n.overlaps(o) for n in networks for o in others)


def test_a_full_pool_says_so() -> None:
    with pytest.raises(LookupError, match="is taken"):
        Subnets("10.0.0.0/28").choose(["10.0.0.0/8"], 1)


def test_answers_go_to_the_rotators_environment_and_to_mounts(tmp_path: Path) -> None:
    made = challenge(
        tmp_path,
        {
            "web": {"image": "x", "ports": ["80"], "volumes": ["data:/answers"]},
            "flag-rotator": {"image": "x", "environment": ["A=b"]},
        },
    )
    content = render(
        made,
        "i1",
        {"flag": "F"},
        tmp_path / "answers",
        images=IMAGES,
        networks=NETWORKS,
        volume_of=Path,
        node="n",
        most=MOST,
    )
    services = content["services"]
    (answers,) = services["web"]["volumes"]
    assert (answers["source"], answers["target"]) == (str(tmp_path / "answers"), "/answers")
    assert answers["read_only"]
    assert services["web"]["environment"] == {}
    assert services["flag-rotator"]["environment"] == {"A": "b", "ANSWER_FLAG": "F"}
    assert services["flag-rotator"]["volumes"] == []


def built(folder: Path, build: Any, **given: str) -> Build:
    """How the image of a service is made whose compose file says `build`."""
    file = folder / "made" / "docker-compose.yml"
    file.write_text(yaml.safe_dump({"services": {"web": {"build": build, "ports": ["80"]}}}))
    made = Catalogue.load(folder).challenges["made"]
    found = build_of(made, made.compose.services["web"], given)
    assert found is not None
    return found


def test_an_image_is_named_by_all_that_goes_into_it(tmp_path: Path) -> None:
    made = challenge(tmp_path, {"web": {"image": "x", "ports": ["80"]}})
    assert build_of(made, made.compose.services["web"], {}) is None
    before = built(tmp_path, {"context": "services/web"})
    assert before == built(tmp_path, "services/web")
    others: list[dict[str, Any]] = [
        {"context": "services/web", "target": "slim"},
        {"context": "services/web", "dockerfile": "Other"},
        {"context": "services/web", "args": {"A": "1"}},
        {"context": "services/web", "args": ["A=2"]},
    ]
    images = {built(tmp_path, other).image for other in others}
    assert len(images | {before.image}) == 5
    (before.folder / "Dockerfile").write_text("FROM scratch\nLABEL a=b\n")
    assert built(tmp_path, "services/web").image != before.image


def test_a_build_argument_may_be_of_the_instance(tmp_path: Path) -> None:
    challenge(tmp_path, {"web": {"build": "services/web", "ports": ["80"]}})
    build = {"context": "services/web", "args": {"F": "${ANSWER_FLAG}", "MODE": "${M:-x}"}}
    one, two = (built(tmp_path, build, ANSWER_FLAG=flag) for flag in ("one", "two"))
    assert (one.args, one.of_instance) == ({"F": "one", "MODE": "x"}, True)
    assert one.image != two.image
    same = built(tmp_path, {"context": "services/web", "args": {"F": "$$HOME"}})
    assert (same.args, same.of_instance) == ({"F": "$HOME"}, False)


def test_a_build_that_leaves_the_challenge_later_is_refused(tmp_path: Path) -> None:
    made = challenge(tmp_path, {"web": {"build": "services/web", "ports": ["80"]}})
    (made.path / "services").rename(tmp_path / "elsewhere")
    (made.path / "services").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PathRefused, match="link"):
        build_of(made, made.compose.services["web"], {})


def test_variables_are_the_instances_and_never_the_nodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "of the node")
    environment = ["ID=${INSTANCE_ID}", "S=${SECRET:-mine}", "F=$ANSWER_FLAG", "D=$$1"]
    service = rendered(tmp_path, environment=environment)
    assert service["environment"] == {"ID": "i1", "S": "mine", "F": "F", "D": "$1"}


@pytest.mark.parametrize(
    ("written", "meant"), [("90s", 90), ("1m30s", 90), ("1500ms", 1.5), ("2h", 7200), (3, 3)]
)
def test_durations_are_as_compose_writes_them(written: Any, meant: float) -> None:
    assert nanoseconds(written) == meant * 10**9


@pytest.mark.parametrize(
    ("gigabytes", "cores", "instances"), [(1, 1, 1), (2, 8, 4), (23, 2, 64), (64, 32, 252)]
)
def test_a_node_takes_what_its_memory_and_cores_carry(
    gigabytes: int, cores: int, instances: int
) -> None:
    assert fitting(gigabytes * 1024**3, cores) == instances
