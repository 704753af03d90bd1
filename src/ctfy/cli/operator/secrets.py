"""Secrets that a command is given: not on its line, which others on the machine can read."""

from __future__ import annotations

import sys

import typer

from ctfy.cli.output import stdin_is_a_person


def read_secret(given: str, what: str) -> str:
    """A value as it was given; `-`: asked for without an echo, or the first line of a pipe."""
    if given != "-":
        return given
    if not stdin_is_a_person():
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = typer.prompt(what, hide_input=True, err=True)
    return answer
