"""What is said while challenges are built."""

from __future__ import annotations

from ctfy.node.builds import BuildLogs


def test_a_build_log_is_bounded_and_holds_no_passwords_and_no_colours() -> None:
    logs = BuildLogs()
    logs.say("notes", "\x1b[31mfetching\x1b[0m https://bot:s3cret@mirror.example/simple\r\n\n")
    logs.say("notes", "x" * 10_000)
    first, second = logs.of("notes", 0).lines
    assert first.line == "fetching https://***@mirror.example/simple"
    assert len(second.line) == 500
    assert [line.seq for line in logs.of("notes", first.seq).lines] == [second.seq]
    for number in range(2000):
        logs.say("notes", f"step {number}")
    kept = logs.of("notes", 0).lines
    assert (len(kept), kept[-1].line) == (500, "step 1999")
    assert logs.of("two-time", 0).lines == []
