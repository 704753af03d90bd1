"""What somebody who means harm hands in, by kind. Each says in its name what it tries."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

SECRET = "S3CRET-of-the-host"


def _bomb(levels: int, merge: bool) -> str:
    lines = ["a0: &a0 {k0: x}" if merge else "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels + 1):
        names = ", ".join([f"*a{level - 1}"] * 10)
        inner = f"{{<<: [{names}], k{level}: x}}" if merge else f"[{names}]"
        lines.append(f"a{level}: &a{level} {inner}")
    return "\n".join(lines)


# Documents that no loader may take, or take long over.
DOCUMENTS: dict[str, bytes] = {
    name: text if isinstance(text, bytes) else text.encode()
    for name, text in {
        "alias bomb": _bomb(9, merge=False),
        "merge bomb": _bomb(9, merge=True),
        "long alias bomb": f"a: &a {'x' * 500_000}\nb: [{', '.join(['*a'] * 100)}]",
        "nested mappings": "{a: " * 5000 + "1" + "}" * 5000,
        "nested lists": "[" * 5000 + "]" * 5000,
        "nested lists without an end": "[" * 100_000,
        "nested blocks": "\n".join(" " * n + "a:" for n in range(900)),
        "dashes": "- " * 100_000,
        "alias of itself": "a: &a [*a]",
        "merge of itself": "a: &a\n  <<: *a\n  b: 1",
        "large": "a: " + "x" * 2_000_000,
        "many parts": "- a\n" * 250_000,
        "many keys": "".join(f"k{n}: {n}\n" for n in range(90_000)),
        "key twice": "name: a\nname: b",
        "merge twice": "a: &a {x: 1}\nb: {<<: *a, <<: *a}",
        "number as key": "1: a",
        "list as key": "? [a]\n: b",
        "truth as key": "yes: a",
        "python object": "!!python/object/apply:os.system [id]",
        "tag of compose": "services: !reset null",
        "override of compose": "services: !override {}",
        "binary": "a: !!binary aGVsbG8=",
        "set": "!!set {a, b}",
        "two documents": "a: 1\n---\nb: 2",
        "no date": "a: 2024-99-99",
        "no number": "a: !!int abc",
        "long number": "a: " + "9" * 100_000,
        "half a character": r'a: "\ud800"',
        "nothing in a text": r'a: "\0"',
        "escape of a terminal": r'a: "\e[2J"',
        "unknown alias": "a: *b",
        "not UTF-8": b"name: \xff\xfe",
        "not YAML": "name: [",
        "tab": "a:\n\tb: 1",
        "null bytes": b"\0" * 1000,
        "unknown version": "%YAML 9.9\n---\na: 1",
        "merge of a text": "<<: text",
        "quotes without an end": '"' * 100_001,
        "anchors": "&a " * 10_000 + "x",
    }.items()
}

_OUTSIDE = "/var/run/docker.sock"


def _service(text: str, top: str = "") -> str:
    return f"services:\n  web: {{image: x, ports: ['80'], {text}}}\n{top}"


def _volume(text: str, top: str = "") -> str:
    return _service(f"volumes: [{text}]", top)


# Compose files that ask for more than an instance may have. The folder has `services/web`.
COMPOSE: dict[str, str] = {
    "mount by merge": _volume("{<<: {source: /, type: bind}, target: /host}"),
    "mount by merge of an alias": _volume(
        "{<<: *m, target: /host}", f"x-m: &m {{source: {_OUTSIDE}, type: bind}}"
    ),
    "mount by merge of a list": _volume(
        "{<<: [{target: /h}, *m]}", "x-m: &m {source: /etc, type: bind}"
    ),
    "mount by alias": _volume("*m", "x-m: &m {source: /etc, type: bind, target: /e}"),
    "mount by alias of a text": _volume("*m", "x-m: &m '/:/host'"),
    "service by merge": (
        "x-s: &s {privileged: true}\nservices: {web: {<<: *s, image: x, ports: ['80']}}"
    ),
    "services by merge": (
        "x-s: &s {web: {image: x, ports: ['80'], volumes: ['/:/h']}}\nservices: {<<: *s}"
    ),
    "file by merge": "<<: {services: {web: {image: x, ports: ['80'], pid: host}}}",
    "mount by default": _volume("'${NOWHERE:-/}:/host'"),
    "mount by default, in long": _volume("{type: bind, source: '${NOWHERE:-/etc}', target: /host}"),
    "mount by default in a default": _volume("'${A:-${B:-/}}:/host'"),
    "mount by variable": _volume("'$HOME:/host'"),
    "mount by answer": _volume("'./${ANSWER_FLAG}:/host'"),
    "mount by dollar": _volume("'$$HOME/x:/host'"),
    "mount of the root": _volume("'/:/host'"),
    "mount above": _volume("'../..:/up'"),
    "mount above, in the middle": _volume("'./services/../../..:/up'"),
    "mount of home": _volume("'~/x:/up'"),
    "mount without a slash": _volume("{type: bind, source: '..', target: /up}"),
    "mount of nothing": _volume("{type: bind, target: /up}"),
    "mount of a colon": _volume("{type: volume, source: 'a:/etc', target: /up}"),
    "mount to a colon": _volume("{type: volume, source: a, target: '/up:/etc'}"),
    "mount with propagation": _volume("'./services:/x:rshared'"),
    "mount with propagation, in long": _volume(
        "{type: bind, source: ./services, target: /x, bind: {propagation: rshared}}"
    ),
    "mount of another kind": _volume("{type: npipe, source: a, target: /x}"),
    "mount over everything": _volume("'data:/'"),
    "mount over everything, in long": _volume("'data:/x/..'"),
    "mount with a null byte": _volume(r'"./services\0:/x"'),
    "volume named ..": _volume("{type: volume, source: '..', target: /x}"),
    "volume named .": _volume("{type: volume, source: '.', target: /x}"),
    "volume defined as ..": _service("init: true", "volumes: {'..': {}}"),
    "volume of a folder": _service(
        "init: true", "volumes: {v: {driver_opts: {type: none, o: bind, device: /}}}"
    ),
    "volume of a folder by merge": _service(
        "init: true",
        "x-v: &v {driver_opts: {type: none, o: bind, device: /}}\nvolumes: {v: {<<: *v}}",
    ),
    "volume of others": _service("init: true", "volumes: {v: {external: true}}"),
    "volume of another name": _service("init: true", "volumes: {v: {name: others}}"),
    "large tmpfs": _service("tmpfs: ['/x:size=100g']"),
    "large tmpfs as a mount": _volume("{type: tmpfs, target: /x, tmpfs: {size: 107374182400}}"),
    "tmpfs of all memory": _service("tmpfs: '/x:size=100%'"),
    "tmpfs with options": _service("tmpfs: '/x:size=1m,suid,dev'"),
    "log elsewhere": _service("logging: {driver: syslog, options: {syslog-address: 'tcp://h:1'}}"),
    "log without end": _service("logging: {driver: json-file, options: {tag: x}}"),
    "devices": _service("devices: ['/dev/kmsg']"),
    "device by reservation": _service("deploy: {resources: {}, placement: {constraints: [a]}}"),
    "network of the host": _service("network_mode: host"),
    "network of a container": _service("network_mode: 'container:other'"),
    "network of a service": _service("network_mode: 'service:web'"),
    "network driver": _service("init: true", "networks: {n: {driver: macvlan}}"),
    "network of others": _service("init: true", "networks: {n: {external: true}}"),
    "network options": _service("init: true", "networks: {n: {driver_opts: {parent: eth0}}}"),
    "address": _service("networks: {default: {ipv4_address: 10.0.0.2}}"),
    "processes of the host": _service("pid: host"),
    "processes of a container": _service("pid: 'container:x'"),
    "memory of the host": _service("ipc: host"),
    "name of the host": _service("uts: host"),
    "users of the host": _service("userns_mode: host"),
    "group of limits": _service("cgroup_parent: /"),
    "no confinement": _service("security_opt: ['seccomp:unconfined']"),
    "no confinement beside": _service("security_opt: ['no-new-privileges:true', 'apparmor=x']"),
    "privileges": _service("privileged: true"),
    "privileges by another truth": _service("privileged: 'yes'"),
    "capability": _service("cap_add: [SYS_ADMIN]"),
    "all capabilities": _service("cap_add: [ALL]"),
    "kernel settings": _service("sysctls: {net.ipv4.ip_forward: 1}"),
    "runtime": _service("runtime: runc"),
    "limits of files": _service("ulimits: {nofile: 1000000}"),
    "volumes of others": _service("volumes_from: ['container:x']"),
    "name servers": _service("dns: [169.254.169.254]"),
    "hosts": _service("extra_hosts: ['h:host-gateway']"),
    "secrets": _service("secrets: [s]", "secrets: {s: {file: /etc/shadow}}"),
    "configs": _service("configs: [c]", "configs: {c: {file: /etc/shadow}}"),
    "environment of a file": _service("env_file: /etc/passwd"),
    "environment of a node": _service("environment: ['A=${CTFY_NODE_TOKEN}']"),
    "extension": _service("extends: {file: /x.yml, service: y}"),
    "include": _service("init: true", "include: [/x.yml]"),
    "development": _service("develop: {watch: []}"),
    "published port": _service("ports: ['0.0.0.0:22:22']").replace("ports: ['80'], ", ""),
    "port in base 60": "services: {web: {image: x, ports: [22:22]}}",
    "no port": "services: {web: {image: x, ports: ['99999999999999999999']}}",
    "build of the host": "services: {web: {build: /etc, ports: ['80']}}",
    "build above": "services: {web: {build: {context: ../..}, ports: ['80']}}",
    "build of an address": "services: {web: {build: 'https://x/y.git', ports: ['80']}}",
    "build by default": "services: {web: {build: '${X:-/etc}', ports: ['80']}}",
    "build by merge": (
        "x-b: &b {context: /etc}\nservices: {web: {build: {<<: *b}, ports: ['80']}}"
    ),
    "dockerfile above": (
        "services: {web: {build: {context: services/web, dockerfile: ../../../x}, ports: ['80']}}"
    ),
    "dockerfile of the host": (
        "services: {web: {build: {context: services/web, dockerfile: /etc/passwd}, ports: ['80']}}"
    ),
    "build beside": (
        "services: {web: {build: {context: services/web, additional_contexts: {a: /}},"
        " ports: ['80']}}"
    ),
    "build with keys": (
        "services: {web: {build: {context: services/web, ssh: [default]}, ports: ['80']}}"
    ),
    "build in a network": (
        "services: {web: {build: {context: services/web, network: host}, ports: ['80']}}"
    ),
    "service that is a path": "services: {'../../x': {image: x, ports: ['80']}}",
    "service of the node": "services: {ctfy-vpn: {image: x, ports: ['80']}}",
    "network that is a path": _service("networks: ['../x']"),
    "alias that is a path": _service("networks: {default: {aliases: ['a/b']}}"),
    "image of another challenge": "services: {web: {image: 'ctfy/notes-web', ports: ['80']}}",
    "image that is none": "services: {web: {image: '--privileged', ports: ['80']}}",
    "a thousand services": "services: {"
    + ", ".join(f"s{n}: {{image: x, ports: ['80']}}" for n in range(1000))
    + "}",
    "services in a circle": "services: {a: {image: x, ports: ['1'], depends_on: [b]},"
    " b: {image: x, depends_on: [a]}}",
    "health without rest": _service("healthcheck: {test: x, interval: 1ms}"),
    "health without end": _service(f"healthcheck: {{test: x, interval: '{'1' * 100_000}'}}"),
    "variables without end": _service(f"command: '{'${A:-' * 30_000}'"),
    "long name": _service(f"networks: ['{'a' * 5000}']"),
    "services as a list": "services: [web]",
    "services as a text": "services: web",
    "service as a list": "services: {web: [image]}",
    "texts that are none": _service(
        "environment: {A: {B: c}}, command: [[x]], user: [1], hostname: {a: b}"
    ),
    "lists that are none": _service("volumes: {a: b}, cap_add: x, networks: 1"),
    "mappings that are none": _service("healthcheck: x, depends_on: 1"),
    "nothing": "",
    "no mapping": "- services",
}

# Compose files of honest challenges: each is taken.
HONEST_COMPOSE: dict[str, str] = {
    "everyday": """
version: "3.8"
x-shared: &shared
  restart: unless-stopped
  logging: {driver: json-file, options: {max-size: 10m, max-file: "3"}}
  networks: [inner]
services:
  web:
    <<: *shared
    build: {context: ./services/web, dockerfile: Dockerfile, args: {MODE: "${MODE:-production}"}}
    ports: ["8000"]
    expose: ["8000"]
    environment: {DB_HOST: db, DEBUG: false, WORKERS: 2, PRICE: "5$$"}
    volumes: ["./services:/src:ro", "data:/data", "/scratch", "answers:/answers:ro"]
    tmpfs: ["/tmp:size=32m,mode=1777", /run]
    depends_on: {db: {condition: service_healthy, restart: true}}
    healthcheck: {test: [CMD, "true"], interval: 10s, timeout: 5s, retries: 3, start_period: 1m}
    networks: {inner: {aliases: [front]}, outer: {}}
    deploy: {resources: {limits: {cpus: "0.5", memory: 128M}}}
    security_opt: ["no-new-privileges:true"]
    privileged: false
    cap_drop: [ALL]
    cap_add: [NET_BIND_SERVICE]
    read_only: true
    init: true
    stdin_open: true
    tty: true
    user: "1000:1000"
    working_dir: /srv
    hostname: web
    stop_grace_period: 10s
    stop_signal: SIGINT
    mem_limit: 256m
    cpus: 0.5
    pids_limit: 100
    shm_size: 64m
    platform: linux/amd64
    labels: {a: b}
  db:
    <<: *shared
    image: "postgres:${POSTGRES:-16}"
    command: postgres -c 'max_connections=20'
    environment: ["POSTGRES_PASSWORD=x", "ID=${INSTANCE_ID}"]
    links: [web]
    volumes:
      - {type: volume, source: data, target: /var/lib/postgresql/data, volume: {nocopy: true}}
      - {type: bind, source: ./services, target: /init, read_only: true}
      - {type: tmpfs, target: /cache, tmpfs: {size: 10485760}}
networks: {inner: {driver: bridge, internal: true}, outer: {}}
volumes: {data: {}, answers: {driver: local}}
""".replace("    links: [web]\n", ""),
    "small": "services: {web: {build: services/web, ports: ['8000']}}",
}


def _link(name: str, to: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        place = folder / name
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(to)

    return make


def _hard_link(folder: Path) -> None:
    outside = folder.parent.parent / f"{folder.name}-outside"
    outside.write_text(SECRET)
    os.link(outside, folder / "attachments" / "key.txt")


def _socket(folder: Path) -> None:
    before = os.getcwd()
    os.chdir(folder)  # the address of a socket may not be long
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("socket")
    finally:
        os.chdir(before)


def _loop(folder: Path) -> None:
    (folder / "services" / "a").symlink_to("b")
    (folder / "services" / "b").symlink_to("a")


def _deep(folder: Path) -> None:
    place = folder / "services"
    for _ in range(100):
        place = place / "d"
    place.mkdir(parents=True)


def _sparse(folder: Path) -> None:
    with (folder / "attachments" / "large.bin").open("wb") as file:
        file.truncate(1024**4)


def _write(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: _replace(folder / name, content)


def _replace(path: Path, content: bytes) -> None:
    path.write_bytes(content)


# What makes an honest challenge folder, with compose file and attachments, a hostile one.
FOLDERS: dict[str, Callable[[Path], None]] = {
    "attachments of the host": _link("attachments", "/etc"),
    "services of the host": _link("services", "/etc"),
    "a service of the host": _link("services/web", "/etc"),
    "a file of the host": _link("attachments/passwd", "/etc/passwd"),
    "metadata of the host": _link("metadata.yaml", "/etc/passwd"),
    "compose file of the host": _link("docker-compose.yml", "/etc/passwd"),
    "metadata that leads nowhere": _link("metadata.yaml", "/nowhere"),
    "link above": _link("services/up", "../../.."),
    "link inside": _link("attachments/own.txt", "notes.txt"),
    "link to memory": _link("attachments/mem", "/proc/self/mem"),
    "links in a circle": _loop,
    "hard link": _hard_link,
    "pipe": lambda folder: os.mkfifo(folder / "attachments" / "pipe"),
    "pipe as metadata": lambda folder: (
        (folder / "metadata.yaml").unlink(),
        os.mkfifo(folder / "metadata.yaml"),
    )[1],
    "socket": _socket,
    "deep folders": _deep,
    "a terabyte": _sparse,
    "name that is no text": lambda folder: Path(
        os.fsdecode(os.fsencode(folder) + b"/services/\xff")
    ).touch(),
    "name of two lines": lambda folder: (folder / "services" / "a\nerror: b").touch(),
    "name for a terminal": lambda folder: (folder / "services" / "\x1b[2J").touch(),
    "template without end": _write("attachments/a.txt.j2", b"{{ " + b"(" * 100_000),
    "large template": _write("attachments/a.txt.j2", b"x" * 2_000_000),
    "template that is no text": _write("attachments/a.txt.j2", b"\xff"),
    "metadata that is a folder": lambda folder: (
        (folder / "metadata.yaml").unlink(),
        (folder / "metadata.yaml").mkdir(),
    )[1],
}
FOLDERS |= {f"metadata: {name}": _write("metadata.yaml", text) for name, text in DOCUMENTS.items()}
FOLDERS |= {
    f"compose: {name}": _write("docker-compose.yml", text) for name, text in DOCUMENTS.items()
}
FOLDERS |= {
    f"compose: {name}": _write("docker-compose.yml", text.encode())
    for name, text in COMPOSE.items()
}

# Challenges of other formats: file names with content, below a folder. None is the document.
IMPORTS: dict[str, tuple[str, dict[str, bytes | None]]] = {
    "ctfcli": ("ctfcli", {"challenge.yml": None}),
    "rctf": ("rctf", {"challenge.yaml": None}),
    "kctf": ("kctf", {"challenge.yaml": None}),
    "xbow": ("xbow", {"benchmark.json": None}),
    "xbow's compose file": (
        "xbow",
        {"benchmark.json": b'{"name": "Evil"}', "docker-compose.yml": None},
    ),
}
_CTFCLI = b"name: Evil\ndescription: d\nflags: ['x']\n"
_RCTF = b"name: Evil\ndescription: d\nflag: x\n"
_KCTF = b"apiVersion: kctf.dev/v1\nmetadata: {name: evil}\n"
# The same, but with something in them that is not what their format says.
ODD_IMPORTS: dict[str, tuple[str, bytes]] = {
    "flags that are none": ("ctfcli", b"name: Evil\nflags: 5\n"),
    "hints that are none": ("ctfcli", _CTFCLI + b"hints: 5\n"),
    "a cost that is none": ("ctfcli", _CTFCLI + b"hints: [{content: a, cost: free}]\n"),
    "tags that are none": ("ctfcli", _CTFCLI + b"tags: 5\n"),
    "a value that is none": ("ctfcli", _CTFCLI + b"value: much\n"),
    "a value without end": ("ctfcli", _CTFCLI + b"value: .inf\n"),
    "files that are none": ("ctfcli", _CTFCLI + b"files: 5\n"),
    "requirements that are none": ("ctfcli", _CTFCLI + b"requirements: 5\n"),
    "extra that is none": ("ctfcli", _CTFCLI + b"type: dynamic\nextra: 5\n"),
    "a list as name": ("ctfcli", b"name: [a]\nflags: [x]\n"),
    "containers that are none": ("rctf", _RCTF + b"containers: [a]\n"),
    "a container that is none": ("rctf", _RCTF + b"containers: {a: 5}\n"),
    "a port that is none": (
        "rctf",
        _RCTF + b"containers: {a: {image: x}}\nexpose: {a: [{target: x}]}\n",
    ),
    "points that are none": ("rctf", _RCTF + b"points: {min: a, max: b}\n"),
    "files to provide that are none": ("rctf", _RCTF + b"provide: 5\n"),
    "a network that is none": ("kctf", _KCTF + b"spec: {network: 5}\n"),
    "ports that are none": ("kctf", _KCTF + b"spec: {network: {ports: [a]}}\n"),
    "a spec that is none": ("kctf", _KCTF + b"spec: 5\n"),
    "services that are none": ("xbow", b'{"name": "Evil", "tags": 5}'),
}
