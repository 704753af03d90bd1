"""What tasks and scheduled jobs there are, by name, as the domains declare them."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

from ctfy.server.domain import Domains, Report, Schedule, Task
from ctfy.server.services import Services, provided
from ctfy.server.settings import Settings


class Registry:
    """The kinds of tasks and the scheduled jobs of this process."""

    def __init__(self, settings: Settings, domains: Domains, services: Services) -> None:
        self.kinds: dict[str, Task] = {task.name: task for d in domains for task in d.tasks}
        self.scheduled: dict[str, Schedule] = {s.name: s for d in domains for s in d.schedules}
        self._settings = settings
        self._services = services

    def every_s(self, name: str) -> int:
        """How often a scheduled job runs unless an operator says otherwise, seconds."""
        return self._settings.job_intervals.get(name, self.scheduled[name].every_s)

    def start(self, kind: Task, report: Report, params: dict[str, Any]) -> Awaitable[Any]:
        """Begin a task with the parameters that it was submitted with."""
        checked = kind.params.model_validate(params)
        return self._services.bind(kind.work)(report=report, params=checked)

    async def run_scheduled(self, name: str) -> str:
        """Run a scheduled job now; what it did, in a few words."""
        return await self._services.bind(self.scheduled[name].work)()


TheRegistry = Annotated[Registry, provided(Registry)]
