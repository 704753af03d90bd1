"""What a replica counts while it answers."""

from __future__ import annotations

from typing import Annotated

from prometheus_client import CollectorRegistry, Counter, Histogram

from ctfy.server.services import provided

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The counters of one replica."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "ctfy_http_requests",
            "Requests answered",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "ctfy_http_request_seconds",
            "How long answers took",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._cached = Counter(
            "ctfy_http_kept_answers",
            "Requests answered from the response cache",
            registry=self.registry,
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered; `route` is the template, never the path with its ids."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def answered_from_cache(self) -> None:
        """A request was answered from the response cache."""
        self._cached.inc()


TheMetrics = Annotated[Metrics, provided(Metrics)]
