#!/usr/bin/env python3
"""Compare a live server's OpenAPI with the contract; print what is missing or narrower.

usage: check.py BASE_URL|openapi.json [--node] [--prefix /api/v1/…]
Exit 0 when nothing is missing, 1 otherwise. Standard library only.
"""

import json
import pathlib
import sys
import urllib.request

HERE = pathlib.Path(__file__).parent
METHODS = ("get", "post", "put", "patch", "delete")


def load(where):
    if where.startswith("http"):
        with urllib.request.urlopen(where.rstrip("/") + "/openapi.json") as r:
            return json.load(r)
    return json.loads(pathlib.Path(where).read_text())


def deref(doc, s):
    while s and "$ref" in s:
        s = doc["components"]["schemas"].get(s["$ref"].rsplit("/", 1)[-1], {})
    return s or {}


def parts(doc, s):
    """The alternatives of a schema, dereferenced."""
    s = deref(doc, s)
    for k in ("anyOf", "oneOf", "allOf"):
        if k in s:
            return [p for a in s[k] for p in parts(doc, a)]
    return [s]


def shape(path):
    return "/".join("{}" if p.startswith("{") else p for p in path.rstrip("/").split("/"))


def kinds(doc, s):
    out = set()
    for p in parts(doc, s):
        t = p.get("type") or (
            "string" if "enum" in p or "const" in p else "object" if "properties" in p else None
        )
        out.update(t if isinstance(t, list) else [t])
    return out


def compare(want_doc, want, have_doc, have, where, request, out, depth=0, seen=frozenset()):
    key = json.dumps(want, sort_keys=True)
    if depth > 8 or key in seen:
        return
    seen = seen | {key}
    wk, hk = kinds(want_doc, want), kinds(have_doc, have)
    if wk - {None} and hk - {None}:
        lost = (wk - hk) if request else (wk - {"null"}) - hk
        if "number" in hk:
            lost -= {"integer"}
        if lost:
            out.append(f"{where}: type {sorted(map(str, wk))} became {sorted(map(str, hk))}")
            return
    hs = parts(have_doc, have)
    for w in parts(want_doc, want):
        if "enum" in w:
            allowed = {e for h in hs for e in h.get("enum", [h["const"]] if "const" in h else [])}
            if allowed and (gone := set(map(str, w["enum"])) - set(map(str, allowed))):
                out.append(f"{where}: enum lacks {sorted(gone)}")
        if w.get("type") == "array" and w.get("items"):
            arr = next((h for h in hs if h.get("type") == "array"), None)
            if arr and arr.get("items"):
                compare(
                    want_doc,
                    w["items"],
                    have_doc,
                    arr["items"],
                    where + "[]",
                    request,
                    out,
                    depth + 1,
                    seen,
                )
        for name, ws in w.get("properties", {}).items():
            found = next(
                (h["properties"][name] for h in hs if name in h.get("properties", {})), None
            )
            if found is None:
                out.append(f"{where}.{name}: missing")
            else:
                compare(
                    want_doc, ws, have_doc, found, f"{where}.{name}", request, out, depth + 1, seen
                )
    if request:
        must = {r for w in parts(want_doc, want) for r in w.get("required", [])}
        now = {r for h in hs for r in h.get("required", [])}
        for name in sorted(now - must):
            out.append(f"{where}.{name}: newly required")


def main():
    args = [a for a in sys.argv[1:] if not a.startswith("--")]
    if not args:
        sys.exit(__doc__)
    prefix = sys.argv[sys.argv.index("--prefix") + 1] if "--prefix" in sys.argv else ""
    args = [a for a in args if a != prefix]
    want_doc = load(
        str(HERE / ("node.openapi.json" if "--node" in sys.argv else "platform.openapi.json"))
    )
    have_doc = load(args[0])
    have = {
        (m, shape(p)): o
        for p, ops in have_doc["paths"].items()
        for m, o in ops.items()
        if m in METHODS
    }
    total = whole = 0
    for path, ops in sorted(want_doc["paths"].items()):
        if not path.startswith(prefix):
            continue
        for m in METHODS:
            if m not in ops:
                continue
            total += 1
            w, h, out = ops[m], have.get((m, shape(path))), []
            at = f"{m.upper()} {path}"
            if h is None:
                print(f"{at}: no such route")
                continue
            hp = {(p["in"], p["name"]): p for p in h.get("parameters", [])}
            for p in w.get("parameters", []):
                if p["in"] == "query" and (p["in"], p["name"]) not in hp:
                    out.append(f"{at}: query parameter {p['name']} missing")
            for (where, name), p in hp.items():
                known = any(q["name"] == name for q in w.get("parameters", []))
                if where in ("query", "header") and p.get("required") and not known:
                    out.append(f"{at}: {where} parameter {name} newly required")
            wb = (
                w.get("requestBody", {})
                .get("content", {})
                .get("application/json", {})
                .get("schema")
            )
            hb = (
                h.get("requestBody", {})
                .get("content", {})
                .get("application/json", {})
                .get("schema")
            )
            if wb and not hb:
                out.append(f"{at}: no JSON body")
            elif wb:
                compare(want_doc, wb, have_doc, hb, at + " body", True, out)
            for code, r in w["responses"].items():
                if not code.startswith("2"):
                    continue
                if code not in h["responses"]:
                    out.append(f"{at}: no {code} response")
                    continue
                ws = r.get("content", {}).get("application/json", {}).get("schema")
                hs = (
                    h["responses"][code]
                    .get("content", {})
                    .get("application/json", {})
                    .get("schema")
                )
                if ws and any(p for p in parts(want_doc, ws)):
                    if not hs:
                        out.append(f"{at}: {code} has no JSON schema")
                    else:
                        compare(want_doc, ws, have_doc, hs, f"{at} {code}", False, out)
            whole += not out
            for line in dict.fromkeys(out):
                print(line)
    print(f"{whole} of {total} operations meet the contract")
    sys.exit(0 if whole == total else 1)


main()
