"""Logging in: checking a password costs half a second of a processor, on purpose."""

from __future__ import annotations

import threading
from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# One at a time in each process: whoever guesses by the thousand keeps one processor
# busy, and the pages of the site have the rest.
_checking = threading.BoundedSemaphore(1)


class LoginForm(AdminAuthenticationForm):
    """Refuses at once, instead of waiting, while another password is checked."""

    def clean(self) -> dict[str, Any]:
        if not _checking.acquire(blocking=False):
            raise ValidationError(
                _("Others are logging in right now. Try again in a moment."),
                code="busy",
            )
        try:
            return super().clean()
        finally:
            _checking.release()
