"""The web interface as a player meets it: what the first load weighs, and when it can be used.

A board of 5,000 teams, written straight into a database of its own; Debian's Chromium; nothing is
cached. Sizes are those of the files as an encrypted connection carries them (brotli).
"""

from __future__ import annotations

import gzip
import statistics
import sys
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import load  # noqa: E402
from bench.run import line  # noqa: E402
from ctfy.server.web.routes import BUILT  # noqa: E402
from tests.web.browser import Window, launched, window  # noqa: E402

TEAMS, SOLVES, LOOKS = 5000, 50_000, 7
# A slow line: a far village, or a hall that shares one phone.
LATENCY_MS, BYTES_PER_S = 400, 50_000
SHIFTS = """
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shift = (window.shift ?? 0) + entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


def weigh(mine: Window, path: str) -> int:
    """The bytes of everything that a page loads."""
    loaded: set[str] = set()
    mine.page.on("request", lambda sent: loaded.add(urlsplit(sent.url).path))
    mine.open(path)
    mine.page.locator("h1").first.wait_for()
    mine.page.wait_for_timeout(500)
    files = [BUILT / address.lstrip("/") for address in loaded if address.startswith("/assets/")]
    packed = [file.with_name(file.name + ".br") for file in files]
    index = len(gzip.compress((BUILT / "index.html").read_bytes()))
    return index + sum(
        (small if small.exists() else whole).stat().st_size
        for whole, small in zip(files, packed, strict=True)
    )


def on_a_slow_line(mine: Window, path: str) -> tuple[float, float]:
    """When something is painted, and when the page's heading is there; in ms."""
    line_of = mine.context.new_cdp_session(mine.page)
    line_of.send("Network.enable")
    line_of.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY_MS,
            "downloadThroughput": BYTES_PER_S,
            "uploadThroughput": BYTES_PER_S,
        },
    )
    mine.page.goto(mine.url + path, wait_until="commit")
    mine.page.locator("h1").first.wait_for()
    painted = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    return mine.page.evaluate(painted), mine.page.evaluate("performance.now()")


def main() -> None:
    load.TEAMS, load.SOLVES, load.COMPETITIONS = TEAMS, SOLVES, 1
    with load.running() as (url, _, data, _):
        report(url, data)


def signed_in(mine: Window, token: str) -> Window:
    mine.context.add_cookies(
        [
            {"name": "ctfy_session", "value": token, "url": mine.url, "httpOnly": True},
            {"name": "ctfy_signed_in", "value": "1", "url": mine.url},
        ]
    )
    return mine


def report(url: str, data: load.Data) -> None:
    board = f"/competitions/{data.competitions[0]}/scoreboard"
    with launched() as browser:
        for what, path in (
            ("the competitions", "/"),
            ("a competition", f"/competitions/{data.competitions[0]}"),
            ("a challenge of it", f"/competitions/{data.competitions[0]}/challenges/bench-00"),
            ("its scoreboard", board),
        ):
            with window(browser, url) as mine:
                size = weigh(signed_in(mine, data.tokens[0]), path)
                line(f"first load, {what}", f"{size / 1000:.0f} kB", "target 200")
        slow = []
        for _ in range(LOOKS):
            with window(browser, url) as mine:
                slow.append(on_a_slow_line(mine, "/"))
        painted, there = (statistics.median(times) for times in zip(*slow, strict=True))
        line("slow line, first paint", f"{painted:.0f} ms", "target 2500")
        line("slow line, the competitions", f"{there:.0f} ms", "400 ms and 50 kB/s")
        times, shifts = [], []
        for _ in range(LOOKS):
            with window(browser, url) as mine:
                mine.context.add_init_script(SHIFTS)
                page = signed_in(mine, data.tokens[0]).open(board)
                page.get_by_role("row").nth(5).wait_for()
                times.append(page.evaluate("performance.now()"))
                page.wait_for_timeout(300)
                shifts.append(page.evaluate("window.shift ?? 0"))
        line(
            f"scoreboard of {TEAMS} teams, to use",
            f"{statistics.median(times):.0f} ms",
            "target 1000",
        )
        line("how far its layout shifts", f"{max(shifts):.3f}", "good is under 0.1")
        with window(browser, url) as mine:
            page = signed_in(mine, data.tokens[0]).open(board)
            page.get_by_role("row").nth(5).wait_for()
            rows = page.get_by_role("row").count()
            line("rows of it in the page", str(rows), "")


if __name__ == "__main__":
    main()
