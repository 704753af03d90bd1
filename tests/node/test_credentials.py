"""The platform's own credentials stay out of instances, and nothing else of a request changes."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import time
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctfy.core.credentials import API_TOKEN_PREFIX, COOKIES, SESSION_COOKIE, SESSION_TOKEN_PREFIX
from ctfy.node.capture.credentials import WithoutCredentials
from ctfy.server.models.instances import ServiceType
from tests.node.relayed import published

TOKEN = SESSION_TOKEN_PREFIX + "Ab-_9" * 8 + "abc"
OWN = f"{SESSION_COOKIE}={TOKEN}".encode()
API = (API_TOKEN_PREFIX + "Zz-_0" * 8 + "abc").encode()


def sent(*chunks: bytes) -> bytes:
    client = WithoutCredentials()
    return b"".join(map(client.passed, chunks)) + client.ended()


def request(*lines: bytes, body: bytes = b"") -> bytes:
    return b"".join(line + b"\r\n" for line in (b"GET / HTTP/1.1", *lines, b"")) + body


STRIPPED = {
    "alone": ([b"Host: x", b"Cookie: " + OWN], [b"Host: x"]),
    "first": ([b"Cookie: " + OWN + b"; a=b"], [b"Cookie: a=b"]),
    "last": ([b"Cookie: a=b; " + OWN], [b"Cookie: a=b"]),
    "between": ([b"Cookie: a=b; " + OWN + b"; c=d"], [b"Cookie: a=b; c=d"]),
    "twice": ([b"Cookie: " + OWN + b"; a=b; " + OWN], [b"Cookie: a=b"]),
    "in capitals": ([b"COOKIE:" + OWN + b";a=b"], [b"COOKIE:a=b"]),
    "in several headers": ([b"Cookie: a=b", b"cookie: " + OWN, b"X: y"], [b"Cookie: a=b", b"X: y"]),
    "folded": ([b"Cookie: a=b;", b" " + OWN + b";", b"\tc=d"], [b"Cookie: a=b;", b"\tc=d"]),
    "folded away": ([b"Cookie:", b" " + OWN, b"X: y"], [b"X: y"]),
    "with blanks": ([b"Cookie :  " + OWN.replace(b"=", b" = ") + b" ; a=b"], [b"Cookie : a=b"]),
    "a token by mistake": ([b"Authorization: Bearer " + API, b"X: y"], [b"X: y"]),
    "a token in capitals": ([b"AUTHORIZATION:   bearer  " + API], []),
    "a token, folded": ([b"Authorization: Bearer", b"  " + API], []),
}
STRIPPED |= {
    f"the cookie {name}": ([b"Cookie: %s=1; a=b" % name.encode()], [b"Cookie: a=b"])
    for name in COOKIES
}


@pytest.mark.parametrize("name", STRIPPED)
def test_they_are_taken_out(name: str) -> None:
    given_, expected = STRIPPED[name]
    whole = request(*given_)
    assert sent(whole) == request(*expected)
    for cut in range(len(whole)):
        assert sent(whole[:cut], whole[cut:]) == request(*expected)
    assert sent(*(bytes([one]) for one in whole)) == request(*expected)


UPGRADE = (b"Upgrade: websocket", b"Connection: Upgrade")


def test_in_every_message_of_a_connection_and_never_in_a_body() -> None:
    body = request(b"Cookie: " + OWN)  # somebody sends a request as a body
    own, rest = b"Cookie: " + OWN, b"X: y"
    length = b"Content-Length: %d" % len(body)
    chunked = b"%x;name=value\r\n%s\r\n0\r\nTrailer: z\r\n\r\n" % (len(body), body)
    coding = b"Transfer-Encoding: chunked"
    frames = b"\x81\x85" + b"abcd" + b"Cookie: " + OWN
    said = [
        (request(own, length, rest, body=body), request(length, rest, body=body)),
        (request(own, coding, body=chunked), request(coding, body=chunked)),
        (request(own, rest), request(rest)),
        (b"\r\n" + request(own, *UPGRADE, body=frames), b"\r\n" + request(*UPGRADE, body=frames)),
    ]
    whole = b"".join(given_ for given_, _ in said)
    expected = b"".join(kept for _, kept in said)
    assert sent(whole) == expected
    assert sent(*(whole[at : at + 7] for at in range(0, len(whole), 7))) == expected


def test_a_cookie_header_of_any_length_is_read_to_its_end() -> None:
    """A hostile page fills the jar of its host, so that ours comes after a megabyte."""
    others = b"; ".join(b"c%d=%s" % (n, b"x" * 4000) for n in range(250))
    whole = request(b"Cookie: " + others + b"; " + OWN + b"; z=1")
    parts = [whole[at : at + 65536] for at in range(0, len(whole), 65536)]
    assert sent(*parts) == request(b"Cookie: " + others + b"; z=1")


HONEST = [
    request(b"Cookie: a=b;c=d; ;e", b"Authorization: Bearer abc.def", b"X-Odd:   y  "),
    request(b"Cookie:", b"Authorization: Basic YTpi", b"cookies: ctfy_session=1"),
    request(b"Cookie: my_ctfy_session=1; ctfy_session2=2; x=ctfy_session=3"),
    request(b"Content-Length: nonsense", body=b"Cookie: " + OWN),
    b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n" + b"H: " + b"b" * 200_000 + b"\r\n\r\n",
    b"admin\nCookie: " + OWN + b"\n",
    b"SSH-2.0-x\r\n\x00\x01Cookie: " + OWN,
    b"\x16\x03\x01\x02\x00" + request(b"Cookie: " + OWN),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: never finished",
]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(HONEST), st.lists(st.integers(1, 400), max_size=30))
def test_honest_traffic_passes_byte_for_byte(whole: bytes, sizes: list[int]) -> None:
    parts, at = [], 0
    for size in sizes:
        parts.append(whole[at : at + size])
        at += size
    assert sent(*parts, whole[at:]) == whole


def test_what_is_no_http_is_never_held_back() -> None:
    client = WithoutCredentials()
    for part in (b"a", b"dmin", b"\n", b"pass", b"word"):
        assert client.passed(part) == part


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *(b"GET / HTTP/1.1\r\n", b"Cookie:", b" ", b"\r\n", b"\n", b";", OWN, b"a=b"),
                *(b"\r", b"Content-Length: 3\r\n", b"Authorization: Bearer ", API, b"\t", b"X"),
                *(b"Transfer-Encoding:", b"chunked\r\n", b"3\r\nabc\r\n0\r\n"),
            ]
        ),
        max_size=30,
    ),
    st.lists(st.integers(1, 12), max_size=60),
)
def test_how_it_is_cut_makes_no_difference(words: list[bytes], sizes: list[int]) -> None:
    whole = b"".join(words)
    parts, at = [], 0
    for size in sizes:
        parts.append(whole[at : at + size])
        at += size
    assert sent(*parts, whole[at:]) == sent(whole)


@pytest.mark.parametrize("endless", [b"a", b"a\n", b";", b"; ", b"\r", b"Cookie:\n", b"=;", b" "])
@pytest.mark.parametrize("start", [b"", b"Cookie: ", b"Authorization: ", b"Content-Length: "])
def test_endless_headers_take_linear_time_and_no_memory(endless: bytes, start: bytes) -> None:
    client = WithoutCredentials()
    client.passed(b"GET / HTTP/1.1\r\n" + start)
    chunk = (endless * 65536)[:65536]
    spent = []
    for _ in range(2):
        begun = time.process_time()
        for _ in range(100):
            client.passed(chunk)
        spent.append(time.process_time() - begun)
    assert spent[1] < 5 * spent[0] + 0.5
    assert len(client.ended()) < 8192


def test_the_service_and_the_recording_see_neither(tmp_path: Path) -> None:
    """Over a keep-alive connection, on a port that is said to be no HTTP, too."""
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                heard.append(head)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    async def work(folder: Path, kind: ServiceType) -> None:
        async with published(folder, answer, kind) as (capture, service):
            url = f"http://{service.host}:{service.port}/"
            jar = {SESSION_COOKIE: TOKEN, "theirs": "kept"}
            async with httpx.AsyncClient(cookies=jar) as client:
                for _ in range(2):
                    assert (await client.get(url)).text == "ok"
                bearer = {"Authorization": f"Bearer {API.decode()}"}
                await client.get(url, headers=bearer)
            await capture.flows(folder, 0, 100)
            await capture.packets(folder)
        for path in folder.iterdir():  # noqa: ASYNC240
            assert TOKEN.encode() not in path.read_bytes()
            assert API not in path.read_bytes()
        assert b"theirs=kept" in (folder / "capture.pcap").read_bytes()

    for kind in (ServiceType.HTTP, ServiceType.TCP):
        folder = tmp_path / kind
        folder.mkdir()
        asyncio.run(work(folder, kind))
    said = b"".join(heard)
    assert len(heard) == 6
    assert said.count(b"theirs=kept") == 6
    assert SESSION_COOKIE.encode() not in said
    assert API not in said


def test_every_cookie_that_the_platform_sets_is_among_them() -> None:
    """Its name is a constant of `core.credentials`, so that a new one is not forgotten."""
    from ctfy.core import credentials

    sources = list(Path(credentials.__file__).parent.parent.rglob("*.py"))
    setters = ("set_cookie", "delete_cookie")
    for path in sources:
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in setters:
                name = ast.unparse(call.args[0])
                known = getattr(credentials, name, None) in COOKIES
                assert known or (name == "name" and path.name == "cookie.py"), (path, name)


def test_the_names_that_the_session_goes_by_are_among_them() -> None:
    from starlette.responses import Response

    from ctfy.server.access import cookie

    response = Response()
    cookie.keep(response, "ps_x", "")
    cookie.forget(response)
    names = [value.partition("=")[0] for value in response.headers.getlist("set-cookie")]
    assert names
    assert set(names) <= set(COOKIES)
