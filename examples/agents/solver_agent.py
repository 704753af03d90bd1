"""The simplest agent there is: it knows the examples' own solvers. Put a model in its place."""

import json
import subprocess
import sys
from pathlib import Path

challenge = json.load(sys.stdin)
solver = Path(__file__).parent.parent / "challenges" / challenge["id"] / "solve.py"
arguments = [*challenge["urls"][:1], challenge["files"]]
done = subprocess.run([sys.executable, str(solver), *arguments], capture_output=True, text=True)
sys.stdout.write(done.stdout)
