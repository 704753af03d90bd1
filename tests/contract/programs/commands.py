"""The two command lines as they are installed, typed line by line.

A line of input is {"words": […], "token": …}; for each there is a line of output, {"code": …,
"out": …, "err": …}.
One process for all of them, because starting one for each would take longer than they do.
"""

import contextlib
import io
import json
import logging
import os
import sys
import traceback
from importlib.metadata import entry_points

PROGRAMS = {entry.name: entry for entry in entry_points(group="console_scripts")}
# The published one writes each request into its log, and that to where its answer goes.
logging.disable(logging.CRITICAL)

for line in sys.stdin:
    typed = json.loads(line)
    sys.argv, os.environ["CTFY_TOKEN"] = typed["words"], typed["token"]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            PROGRAMS[sys.argv[0]].load()()
            code = 0
        except SystemExit as ended:
            code = ended.code or 0
        except BaseException:
            traceback.print_exc()
            code = 1
    answer = {"code": code, "out": out.getvalue(), "err": err.getvalue()}
    print(json.dumps(answer), flush=True)
