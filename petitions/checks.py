"""System checks that environment and database fit together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Info, Tags, register
from django.db import Error as DatabaseError

from petitions.identity import key_ring
from petitions.sharing import lettering

WRONG_KEY = (
    "EMAIL_KEY is not the one that signatures were counted by: nobody can sign. Set it "
    "as it was; to replace it, move the former one to EMAIL_KEY_FALLBACKS and run "
    "`manage.py rekey`."
)


def secret_is_known() -> bool:
    """Return whether the environment has the secret of the key version in force; True
    for a database without any."""
    try:
        return bool(key_ring.load_keyring().newest.secret)
    except (DatabaseError, IndexError):
        return True


@register(Tags.database)
def email_key_fits(
    app_configs: Sequence[AppConfig] | None,
    databases: Sequence[str] | None = None,
    **options: Any,
) -> list[CheckMessage]:
    """Report an error when EMAIL_KEY is not the secret in force."""
    if not databases or secret_is_known():
        return []
    return [Error(WRONG_KEY, id="petitions.E001")]


NOTHING_SHAPED = (
    "libfribidi is not installed: pictures of shared links show no title in Arabic, "
    "Hebrew or an Indic script. Install it (apt-get install libfribidi0)."
)


@register()
def letters_can_be_shaped(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> list[CheckMessage]:
    """Inform when libfribidi is missing, which shapes Arabic, Hebrew and Indic
    letters."""
    return [] if lettering.SHAPES else [Info(NOTHING_SHAPED, id="petitions.I001")]
