"""Answers for those who watch the site: load balancers, monitoring, administrators."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from config.environment import is_loopback
from config.probes import pending_migrations, read_all


def livez(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse(b"ok", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when visitors can be served; the worker's troubles are named, but do not
    take the pages away."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        missing = pending_migrations()
        troubles = [
            found.trouble for found in read_all(timezone.now()) if found.trouble
        ]
    except Error:
        return JsonResponse({"ready": False, "database": "away"}, status=503)
    if missing:
        report = {"ready": False, "database": "ok", "pending_migrations": missing}
        return JsonResponse(report, status=503)
    return JsonResponse({"ready": True, "database": "ok", "troubles": troubles})


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format, for this machine or whoever shows METRICS_TOKEN."""
    if not may_read_metrics(request):
        return HttpResponse("Show METRICS_TOKEN as a bearer token.\n", status=403)
    registry = CollectorRegistry()
    registry.register(Readings())
    return HttpResponse(
        generate_latest(registry), content_type="text/plain; version=0.0.4"
    )


class Readings(Collector):
    """Every probe as a gauge."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for reading in read_all(timezone.now()):
            yield GaugeMetricFamily(reading.name, reading.help, value=reading.value)


def may_read_metrics(request: HttpRequest) -> bool:
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN:
        return constant_time_compare(shown, settings.METRICS_TOKEN)
    proxied = "X-Forwarded-For" in request.headers
    return not proxied and is_loopback(request.META.get("REMOTE_ADDR", ""))
