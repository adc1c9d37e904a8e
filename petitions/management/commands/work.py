"""Run the worker, which does everything that happens outside of requests."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connections

from core.db import connecting
from core.observability import logs
from core.worker import loops


class Command(BaseCommand):
    help = (
        "Send mail, fold counts, close petitions and watch over it all, until SIGTERM "
        "or SIGINT. A second worker waits and takes over when the first one ends, "
        "or shows no sign of life for 45 seconds."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        logs.log_what_nobody_caught()
        # Each loop keeps a connection for itself, with its advisory lock.
        options = connections["default"].settings_dict["OPTIONS"]
        loops.prepare_session(options, loops.worker_name())
        stop = loops.ENDING

        def end(number: int, frame: FrameType | None) -> None:
            stop.set()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        connecting.wait(stop)
        threads = loops.start_threads(loops.WORKER_LOOPS, stop)
        stop.wait()
        loops.wait_for(threads, loops.END_WITHIN)
