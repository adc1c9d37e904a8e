"""The language that somebody of the staff has chosen."""

from __future__ import annotations

from django.conf import settings

from core.i18n.languages import ADMIN, path_in
from organizations.models import User


def in_own_language(user: User, path: str) -> str:
    """Return the address of the same page of the admin in the language that the user
    has chosen; as it is without a choice, and for pages that are not the admin's."""
    is_known = user.language in dict(settings.LANGUAGES)
    return path_in(user.language, path) if is_known and path.startswith(ADMIN) else path
