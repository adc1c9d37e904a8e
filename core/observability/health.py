"""Health endpoints and metrics for load balancers, monitoring and administrators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from core.db import connecting, schema
from core.db.cached_value import CachedValue
from core.db.database import discard_connections
from core.hosts import is_loopback
from core.observability import watchdog
from core.observability.outcomes import OUTCOMES
from core.observability.probes import (
    Reading,
    read_all,
)

# A server that became a replica, or was set so, says it to each session.
TAKES_WRITES = "SELECT current_setting('transaction_read_only') = 'off'"


@dataclass(frozen=True)
class SiteState:
    """The state of the site: whether it can serve visitors, and what is wrong."""

    database: str
    """ok, away, or read-only."""
    pending_migrations: int
    readings: Sequence[Reading]
    cause: str = ""
    """Why visitors cannot be served, if known."""

    @property
    def ready(self) -> bool:
        return (
            self.database == "ok"
            and not self.pending_migrations
            and not any(
                reading.trouble and reading.stops_forms for reading in self.readings
            )
        )

    @property
    def troubles(self) -> list[str]:
        said = [reading.trouble for reading in self.readings if reading.trouble]
        return [self.cause, *said] if self.cause else said

    @property
    def report(self) -> dict[str, Any]:
        """The state in JSON, for administrators."""
        report: dict[str, Any] = {"ready": self.ready, "database": self.database}
        if self.pending_migrations:
            report["pending_migrations"] = self.pending_migrations
        return {**report, "troubles": self.troubles}


def read_state() -> SiteState:
    now = timezone.now()
    here = watchdog.readings(now)
    database, pending, cause = "ok", 0, ""
    try:
        with connection.cursor() as cursor:
            cursor.execute(TAKES_WRITES)
            if cursor.fetchone() != (True,):
                database, cause = "read-only", connecting.takes_no_writes("default")
                discard_connections()
        if pending := schema.pending_migrations():
            cause = schema.pending_sentence(pending)
        return SiteState(database, pending, [*here, *read_all(now)], cause)
    except Error:
        # A probe may query a table that a pending migration has still to create.
        if pending:
            return SiteState(database, pending, here, cause)
        lately = connecting.LATELY.get()
        return SiteState("away", 0, here, lately.sentence if lately else "")


# Anybody may ask, and it costs the database the same, however often they do.
STATE = CachedValue(read_state, seconds=2.0)


@csrf_exempt
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """Answer “ok”: the process is alive."""
    return HttpResponse(b"ok", content_type="text/plain")


@csrf_exempt
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when visitors can read and sign, and 503 when not; with `?strict` also
    503 when anything else is wrong. Only those who may read the metrics see what it
    is."""
    state = STATE.get()
    well = state.ready and not ("strict" in request.GET and state.troubles)
    report = state.report if may_read_metrics(request) else {"ready": state.ready}
    return JsonResponse(report, status=200 if well else 503)


@csrf_exempt
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return metrics in Prometheus' text format, to this machine or whoever shows
    METRICS_TOKEN."""
    if not may_read_metrics(request):
        return HttpResponse("Show METRICS_TOKEN as a bearer token.\n", status=403)
    registry = CollectorRegistry()
    registry.register(Readings())
    return HttpResponse(
        generate_latest(registry), content_type="text/plain; version=0.0.4"
    )


class Readings(Collector):
    """A Prometheus collector: every probe as a gauge, and forms by outcome as
    counters."""

    def collect(self) -> Iterator[Metric]:
        forms = CounterMetricFamily(
            "forms", "Forms sent to this machine, by outcome", labels=["outcome"]
        )
        for outcome, number in OUTCOMES.totals().items():
            forms.add_metric([outcome], number)
        yield forms
        for reading in STATE.get().readings:
            yield GaugeMetricFamily(reading.name, reading.help, value=reading.value)


def may_read_metrics(request: HttpRequest) -> bool:
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN:
        return constant_time_compare(shown, settings.METRICS_TOKEN)
    proxied = "X-Forwarded-For" in request.headers
    return not proxied and is_loopback(request.META.get("REMOTE_ADDR", ""))
