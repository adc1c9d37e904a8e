"""How long a mail is leased to the worker that sends it: longer than that can take, or
another one would send it, too, while it is on its way. And how long a mail waits that
could not be sent."""

from __future__ import annotations

from datetime import timedelta

from core.mail.transport import longest_opening, longest_sending

# For what the database takes in between.
MARGIN = timedelta(minutes=1)


def lease_time(batch: timedelta = timedelta(0)) -> timedelta:
    """Return the lease for mails of which the last one is begun within `batch` after a
    connection was opened. It grows with the timeout of MAIL_URL."""
    return longest_opening() + batch + longest_sending() + MARGIN


def pause_after(attempts: int, *, first: timedelta, longest: timedelta) -> timedelta:
    """Return the pause after so many attempts that failed: twice as long each time, up
    to `longest`. Of many, a power of two would be more than a timedelta can hold."""
    return min(first * (1 << min(attempts, 20)), longest)
