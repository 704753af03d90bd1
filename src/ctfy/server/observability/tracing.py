"""OpenTelemetry traces, where `OTEL_EXPORTER_OTLP_ENDPOINT` says where they go."""

from __future__ import annotations

import os

import structlog
from starlette.types import ASGIApp

from ctfy.server.database.connections import Database

log = structlog.get_logger()


def traced(app: ASGIApp, *databases: Database) -> ASGIApp:
    """The app with a span around each request, query and call; as it is without an endpoint.

    Needs the extra `ctfy[telemetry]`; without it, a warning says so.
    """
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return app
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
        from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
        from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
        from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("no_traces", reason="install ctfy[telemetry]")
        return app
    service = os.environ.get("OTEL_SERVICE_NAME", "ctfy")
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    HTTPXClientInstrumentor().instrument()
    AsyncPGInstrumentor().instrument()  # type: ignore[no-untyped-call]
    for database in databases:
        SQLAlchemyInstrumentor().instrument(engine=database.engine.sync_engine)
    return OpenTelemetryMiddleware(app, excluded_urls="/api/v1/health,/api/v1/events,/metrics")
