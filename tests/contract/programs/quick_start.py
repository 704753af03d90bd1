"""What a player's first program looks like: quick_start.py URL TOKEN SOLVER."""

import subprocess
import sys

from ctfy.sdk import PlatformClient

url, token, solver = sys.argv[1:]

client = PlatformClient(url, token=token)
comp = client.competitions.list(phase="running")[0]
comp_api = client.competition(comp.id)
comp_api.register(mode="solo")
ready = client.instances.start(comp_api.challenges()[0].id, competition_id=comp.id)
for svc in ready.surface.services:
    print(svc.service_type.value, svc.url)
found = subprocess.run([sys.executable, solver, ready.surface.services[0].url], capture_output=True)
result = client.submissions.submit(ready.id, found.stdout.decode().strip())
print(result.correct, result.challenge_fully_solved, result.solve_rank)
client.instances.stop(ready.id)
