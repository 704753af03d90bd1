"""What a request can hold to break its reader: cookies, headers, queries, paths, JSON."""

from __future__ import annotations

import json

TEXTS = {
    "NUL": "a\x00b",
    "a lone surrogate": "a\ud800b",
    "a noncharacter": "\uffff\ufdd0",
    "bidi and invisible": "\u202eabc\u2066\u200b\u00ad\ufeff",
    "combining marks": "e" + "\u0301" * 60,
    "control characters": "\x01\x07\x1b[31m\x7f\r\n",
    "SQL": "'; DROP TABLE users; --",
    "a path": "../../../../etc/passwd",
    "a template": "{{7*7}}${7*7}%s%n{0}",
    "long": "A" * 20_000,
    "an astral letter": "\U0001f600" * 40,
    "a number of many digits": "9" * 400,
    "not a number": "NaN",
    "empty": "",
    "blanks": " \t\u00a0\u2003 ",
}

NUMBERS = [
    "1e999",
    "-1e999",
    "NaN",
    "9" * 30,
    "-" + "9" * 30,
    "9" * 5000,
    "0.0000001",
    "2147483648",
]

# Whole bodies, as bytes.
BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "null": b"null",
    "true": b"true",
    "a list": b"[]",
    "a text": b'"text"',
    "an object of nothing": b"{}",
    "no UTF-8": b'{"title": "\xff\xfe"}',
    "an overlong form": b'{"title": "\xc0\x80"}',
    "UTF-16": '{"title": "x"}'.encode("utf-16"),
    "a mark before it": b"\xef\xbb\xbf{}",
    "deep lists": b"[" * 100_000,
    "deep lists that end": b"[" * 60_000 + b"]" * 60_000,
    "deep objects": b'{"a":' * 900 + b"1" + b"}" * 900,
    "a key of NUL": b'{"\\u0000": 1}',
    "a key of a lone surrogate": b'{"\\ud800": 1}',
    "one key many times": b"{" + b'"title": 1,' * 10_000 + b'"title": 2}',
    "many keys": json.dumps({str(n): n for n in range(20_000)}).encode(),
    "too large": b'{"title": "' + b"x" * 300_000 + b'"}',
    "__proto__": b'{"__proto__": {"role": "admin"}, "constructor": {}}',
}

_WORDS = [b"", b"\xff\xfe", b"\xc3\x28", b"x" * 8_000, b'"', b"%00", b"=", b";;;", b"\xed\xa0\x80"]

COOKIES = [
    b"ctfy_session",
    b"ctfy_session=",
    b"=ctfy_session",
    b"ctfy_session=a; ctfy_session=b",
    b'ctfy_session="unfinished',
    b'ctfy_session="\\377\\000"',
    b"$Version=1; ctfy_session=x",
    b"; ".join(b"c%d=%d" % (n, n) for n in range(1500)),
    *(b"ctfy_session=" + word for word in _WORDS),
    *(b"ctfy_oauth_state=" + word for word in _WORDS),
]

AUTHORIZATIONS = [
    b"Bearer",
    b"Bearer a b c",
    b"bearer\tx",
    b"Basic Zm9vOmJhcg==",
    b"Basic ====",
    b"Digest username=x",
    b", Bearer x",
    *(b"Bearer " + word for word in _WORDS if word),
    *(b"Bearer " + kind + b"\xff\xfe" for kind in (b"pf_", b"ps_", b"nt_", b"nr_")),
]

HEADERS: list[tuple[str, bytes]] = [
    *(("If-None-Match", word) for word in (b"*", b'W/"', b",,,", b"\xff", b"x," * 4_000)),
    *(("Accept", word) for word in (b"\xff", b"text/html;q=x", b"," * 4_000)),
    *(("Accept-Encoding", word) for word in (b"gzip;q=nan", b"br, gzip, \xff", b"*")),
    *(("Last-Event-ID", word) for word in (b"1-", b"-1-1", b"9" * 60, b"\xff", b"1-1-1")),
    *(("Origin", word) for word in (b"null", b"http://[", b"\xff", b"http://a b", b"//")),
    *(("Host", word) for word in (b"[", b"a b", b"a:b:c", b"\xff", b"x" * 5_000, b"[::1")),
    *(("X-Forwarded-For", word) for word in (b"\xff", b",,,", b"[", b"::1%eth0", b"999.1.1.1")),
    *(("X-Request-ID", word) for word in (b"\xff", b"x" * 5_000, b"a b")),
    *(("Range", word) for word in (b"bytes=9-1", b"bytes=" + b"0-," * 3_000, b"\xff")),
    *(("User-Agent", word) for word in (b"\xff\xfe", b"x" * 5_000, b"")),
]

CONTENT_TYPES = [
    b"",
    b"application/json; charset=utf-16",
    b"application/json; charset=\xff",
    b"application/vnd.x+json",
    b"multipart/form-data",
    b"multipart/form-data; boundary=",
    b"application/x-www-form-urlencoded",
    b"text/plain",
    b"\xff/\xfe",
]

# Percent-encoded already: for a place in a path, or a value in a query.
ENCODED = [
    "%00",
    "a%00b",
    "%ff%fe",
    "%ed%a0%80",
    "%c0%80",
    "%",
    "%zz",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e",
    "%0d%0aSet-Cookie:%20x=y",
    "%e2%80%ae",
    "%f0%9f%98%80",
    "%27%3b--",
    "9" * 400,
    "-1",
    "1e999",
    "NaN",
    "A" * 4_000,
    "1,2,3",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999%2B23:59",
    "infinity",
]
