"""A big event as its operators see it: every admin list at its default page; part of `make bench`.

1,000 teams, 100 challenges, 50,000 submissions, 10,000 ended instances with their records, an event
for each of them; written straight into a database of its own.
"""

from __future__ import annotations

import hashlib
import random
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import load  # noqa: E402
from bench.run import line  # noqa: E402
from ctfy.server.database.embedded import EmbeddedPostgres  # noqa: E402
from ctfy.server.database.migrate import upgrade  # noqa: E402
from tests.processes import free_port, wait_for  # noqa: E402

TEAMS, CHALLENGES, SUBMISSIONS, RECORDS, NODES, SAMPLES = 1000, 100, 50_000, 10_000, 50, 2000
LOOKS = 15
TARGET_MS = 100
LISTS = [
    "/admin/users",
    "/admin/users?q=player",
    "/admin/competitions",
    "/admin/competitions/big/registrations",
    "/admin/activities",
    "/admin/activities?event=flag_correct",
    "/admin/activities?challenge_id=bench-07",
    "/admin/activities/timeseries",
    "/admin/announcements",
    "/admin/instances",
    "/admin/instance-records",
    "/admin/instance-records?challenge_id=bench-07",
    "/admin/instance-records/i00001/events",
    "/admin/instance-records/i00001/submissions",
    "/admin/tasks",
    "/admin/scheduled-jobs",
    "/admin/incidents",
    "/admin/platform-settings",
    "/admin/challenges/stats",
    "/admin/challenges/audit",
    "/admin/challenges/latency-histogram",
    "/admin/challenges/bench-07/timeseries",
    "/admin/challenges/bench-07/feedback",
    "/admin/overview",
    "/admin/health-flags",
    "/admin/timeseries?metric=submissions",
    "/admin/timeseries?metric=running_instances",
    "/admin/timeseries?metric=active_users",
    "/nodes",
    "/nodes/invites",
    "/admin/nodes/n00/health-history",
    "/admin/nodes/n00/events",
]


def fill(url: str) -> None:
    """Write the event."""
    dice = random.Random(2)
    now = datetime.now(UTC)
    begin = now - timedelta(days=2)
    users = [f"u{n:04}" for n in range(TEAMS)]
    names = [f"bench-{n:02}" for n in range(CHALLENGES)]
    copy = load.copy
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        copy(cursor, "users", "id, email, display_name, role, created_at",
             [(u, f"{u}@example.org", f"Player {u}", "user", begin) for u in users]
             + [("root", "root@example.org", "Root", "super_admin", begin)])  # fmt: skip
        copy(
            cursor,
            "tokens",
            "id, user_id, kind, hash, label, created_at, ip_address, user_agent, "
            "competition_access, competition_ids, permissions",
            [("troot", "root", "user", hashlib.sha256(b"token-root").hexdigest(), "", begin,
              "", "", "none", "[]", "{}")],
        )  # fmt: skip
        cursor.execute(
            "INSERT INTO competitions (id, title, description, status, access, created_by,"
            " created_at, updated_at) VALUES ('big', 'Big', '', 'published', 'public', 'root',"
            " %s, %s)",
            [begin, begin],
        )
        copy(cursor, "competition_challenges", "competition_id, challenge_id, position, solves",
             [("big", c, n, 0) for n, c in enumerate(names)])  # fmt: skip
        copy(cursor, "teams", "id, competition_id, name, description, captain_user_id, created_at",
             [(f"t-{u}", "big", f"Team {u}", "", u, begin) for u in users])  # fmt: skip
        copy(cursor, "team_members", "user_id, competition_id, team_id, joined_at",
             [(u, "big", f"t-{u}", begin) for u in users])  # fmt: skip
        copy(cursor, "nodes", "id, url, display_name, capacity, running, labels, is_healthy,"
             " cpu_percent, memory_percent, disk_percent, registered_at, last_heartbeat",
             [(f"n{n:02}", f"http://127.0.0.1:{n + 1}", f"node {n}", 100, 0, "{}", True, 1.0, 1.0,
               1.0, begin, now) for n in range(NODES)])  # fmt: skip
        copy(cursor, "node_samples", "node_id, sampled_at, is_healthy, running, cpu_percent,"
             " memory_percent, disk_percent, latency_ms",
             [(f"n{n:02}", begin + timedelta(seconds=30 * s), True, 1, 1.0, 1.0, 1.0, 1.0)
              for n in range(NODES) for s in range(SAMPLES)])  # fmt: skip
        instances, records, submissions, events = [], [], [], []
        for number in range(RECORDS):
            user, challenge = dice.choice(users), dice.choice(names)
            at = begin + timedelta(seconds=dice.uniform(0, 172_000))
            state = "error" if number % 20 == 0 else "stopped"
            instances.append((f"i{number:05}", "big", f"t-{user}", user, challenge,
                              f"n{number % NODES:02}", state, 3600, at, at + timedelta(seconds=2),
                              at + timedelta(hours=1), at + timedelta(hours=1),
                              "user", ""))  # fmt: skip
            records.append((f"i{number:05}", f"i{number:05}", True, True, 4, 5, 30, 1000, 5000,
                            at + timedelta(hours=1)))  # fmt: skip
            events += [
                event(name, f"i{number:05}", user, challenge, at)
                for name in ("instance_started", "instance_ready", "instance_stopped")
            ]
        solved, solves, whole = set(), [], []
        ranks = dict.fromkeys(names, 0)
        for number in range(SUBMISSIONS):
            instance = instances[number % RECORDS]
            user, challenge, at = instance[3], instance[4], instance[8]
            right = number % 5 == 4 and (user, challenge) not in solved
            id_ = f"s{number:05}"
            submissions.append((id_, "big", f"t-{user}", user, challenge, "flag", instance[0],
                                "x", right, 60.0, at))  # fmt: skip
            name = "flag_correct" if right else "flag_wrong"
            events.append(event(name, instance[0], user, challenge, at))
            if right:
                solved.add((user, challenge))
                ranks[challenge] += 1
                solves.append((f"t-{user}", challenge, "flag", "big", user, id_, at))
                whole.append((f"t-{user}", challenge, "big", ranks[challenge], at))
        copy(cursor, "instances", "id, competition_id, team_id, user_id, challenge_id, node_id,"
             " state, ttl, requested_at, ready_at, stopped_at, expires_at, stop_reason, error",
             instances)  # fmt: skip
        copy(cursor, "instance_records", "instance_id, artifact_dir, has_manifest,"
             " has_container_log, events_count, submissions_count, traffic_count, pcap_bytes,"
             " total_bytes, archived_at", records)  # fmt: skip
        copy(cursor, "submissions", "id, competition_id, team_id, user_id, challenge_id,"
             " question_id, instance_id, answer, correct, solve_time_s, submitted_at",
             submissions)  # fmt: skip
        copy(cursor, "solves", "team_id, challenge_id, question_id, competition_id, user_id,"
             " submission_id, solved_at", solves)  # fmt: skip
        copy(cursor, "challenge_solves", "team_id, challenge_id, competition_id, rank, solved_at",
             whole)  # fmt: skip
        copy(cursor, "events", "name, audience, team_id, actor_id, payload, created_at",
             sorted(events, key=lambda e: e[5]))  # fmt: skip
        copy(cursor, "reactions", "user_id, challenge_id, reaction, competition_id, created_at",
             [(u, c, "learned", "big", now) for u in users[:200] for c in names])  # fmt: skip
        copy(cursor, "incidents", "id, kind, competition_id, team_id, challenge_id, question_id,"
             " created_at", [(f"x{n}", "wrong_burst", "big", f"t-{users[n % TEAMS]}", names[0], "",
                              now) for n in range(2000)])  # fmt: skip
        copy(cursor, "tasks", "id, kind, status, params, result, progress, progress_message, error,"
             " error_detail, cancel_requested, attempts, created_by, created_at",
             [(f"k{n}", "challenge_build", "succeeded", "{}", "{}", 1.0, "", "", "", False, 1,
               "root", begin) for n in range(2000)])  # fmt: skip
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def event(name: str, instance: str, user: str, challenge: str, at: datetime) -> tuple[object, ...]:
    payload = (
        f'{{"team_id": "t-{user}", "team_name": "Team {user}", "challenge_id": "{challenge}",'
        f' "competition_id": "big", "instance_id": "{instance}", "user_id": "{user}",'
        f' "submitted_at_ts": {at.timestamp()}, "solve_time_s": 60.0, "question_id": "flag",'
        ' "solve_rank": 1, "node_id": "n00"}'
    )
    return (name, "team", f"t-{user}", user, payload, at)


def main() -> None:
    load.CHALLENGES = CHALLENGES
    with tempfile.TemporaryDirectory(prefix="ctfy-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        load.challenges(folder / "challenges")
        postgres = EmbeddedPostgres(folder / "postgres")
        database = postgres.start()
        try:
            upgrade(database)
            fill(database)
            port = free_port()
            server = load.start(database, folder, port)
            try:
                url = f"http://127.0.0.1:{port}"
                wait_for("the server", lambda: load._alive(url))
                report(url)
            finally:
                server.terminate()
                server.wait()
        finally:
            postgres.stop()


def report(url: str) -> None:
    headers = {"Authorization": "Bearer token-root"}
    slowest = 0.0
    with httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=30) as client:
        for path in LISTS:
            times = []
            for _ in range(LOOKS):
                began = time.perf_counter()
                answer = client.get(path)
                times.append((time.perf_counter() - began) * 1000)
                answer.raise_for_status()
            middle = statistics.median(times)
            slowest = max(slowest, middle)
            total = answer.json().get("total", "") if isinstance(answer.json(), dict) else ""
            words = f"of {total}" if total != "" else ""
            line(f"GET {path}", f"{middle:.0f} ms", f"longest {max(times):.0f} {words}")
    line("the slowest admin list", f"{slowest:.0f} ms", f"target {TARGET_MS}")


if __name__ == "__main__":
    main()
