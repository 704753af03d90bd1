"""Several processes as one: what becomes of them when they die."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.processes import PATIENCE_S, ROOT


def supervised(program: str) -> subprocess.CompletedProcess[str]:
    """What a program with a supervisor says until it ends."""
    head = """
import os, signal, sys, time
from ctfy.cli.operator.processes import configure_logs
from ctfy.cli.operator.supervisor import NothingStarts, Part, Supervisor
configure_logs()
def for_ever(ready):
    ready()
    time.sleep(1000)
def dies(ready):
    ready()
    os._exit(7)
"""
    return subprocess.run(
        [sys.executable, "-c", head + program],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PATIENCE_S,
    )


def test_one_that_dies_again_and_again_is_started_later_and_later() -> None:
    said = supervised("""
starts = []
def seen(_):
    starts.append(1)
    if len(starts) == 3:
        os.kill(os.getpid(), signal.SIGTERM)
Supervisor([Part("one", for_ever), Part("two", dies)], lambda: None, seen).run()
""")
    assert said.returncode == 0
    died = [json.loads(line) for line in said.stderr.splitlines()]
    assert {(line["event"], line["part"], line["code"]) for line in died} == {
        ("process_died", "two", 7)
    }
    pauses = [line["again_in_s"] for line in died]
    assert len(pauses) >= 3
    assert pauses == sorted(set(pauses))


def test_where_none_can_start_none_is_tried_again() -> None:
    said = supervised("""
try:
    Supervisor([Part("one", lambda ready: sys.exit(3)), Part("two", for_ever)], print).run()
except NothingStarts as error:
    print("nothing:", error)
""")
    assert (said.stdout, said.stderr) == ("nothing: one\n", "")


def test_one_that_cannot_start_ends_no_other() -> None:
    said = supervised("""
def told(_):
    os.kill(os.getpid(), signal.SIGTERM)
parts = [Part("one", for_ever), Part("two", lambda ready: sys.exit(3))]
Supervisor(parts, lambda: None, told).run()
print("ended in order")
""")
    assert said.stdout == "ended in order\n"
    assert json.loads(said.stderr.splitlines()[0])["code"] == 3


def test_those_of_before_end_as_others_work() -> None:
    said = supervised("""
before = os.fork()
if not before:
    time.sleep(1000)
supervisor = Supervisor([Part("one", for_ever), Part("two", for_ever)], print, before=[before])
signal.alarm(100)
def ended():
    try:
        os.kill(before, 0)
    except ProcessLookupError:
        return True
def watch(ready):
    ready()
    while not ended():
        time.sleep(0.01)
    os.kill(os.getppid(), signal.SIGHUP)
    time.sleep(1000)
supervisor.parts[1].run = watch
left = supervisor.run()
print(len(left), before in left)
""")
    assert said.stdout.splitlines()[-1] == "2 False"
