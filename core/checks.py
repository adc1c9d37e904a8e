"""System checks: configuration mistakes that `manage.py check` finds before visitors
do."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib import admin
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse

from core import retention
from core.admin.bulk_actions import declares
from core.admin.model_admin import (
    InlineOptions,
    ModelAdmin,
)
from core.audit import tables
from core.http.cache_policy import policies
from core.pdf import fonts


def url_names(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    """Yield every URL name with its namespaces."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{entry.namespace}:" if entry.namespace else ""
            yield from url_names(entry, namespace + inner)
        elif isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name}"


@register(Tags.urls)
def every_url_has_a_policy(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> list[CheckMessage]:
    table = policies()
    return [
        Error(
            f"The URL name {name!r} has no cache policy.",
            hint="Add it to POLICIES in config/urls.py.",
            id="config.E001",
        )
        for name in sorted(set(url_names(get_resolver())))
        if name not in table and f"{name.partition(':')[0]}:*" not in table
    ]


@register(Tags.admin)
def every_admin_class_has_our_manners(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> list[CheckMessage]:
    """Require that every admin class derives from core.admin.model_admin, and that no
    list is editable: it could not detect edit conflicts; and that every bulk action
    says what it asks first."""
    messages: list[CheckMessage] = []
    for model_admin in admin.site._registry.values():
        inlines = [*model_admin.inlines]
        if not isinstance(model_admin, ModelAdmin) or not all(
            issubclass(inline, InlineOptions) for inline in inlines
        ):
            messages.append(
                Error(
                    f"{model_admin} or one of its inlines is not made of ours.",
                    hint="Derive from the classes of core.admin.model_admin.",
                    id="config.E006",
                )
            )
        if model_admin.list_editable:
            messages.append(
                Error(f"{model_admin} is edited in a list.", id="config.E007")
            )
        messages += [
            Error(
                f"The action {action.name} of {model_admin} does not say what it asks.",
                hint="Decorate it with `asks` of core.admin.bulk_actions.",
                id="config.E010",
            )
            for action in model_admin._get_base_actions()  # type: ignore[attr-defined]
            if not declares(action.func)
        ]
    return messages


@register(Tags.security, deploy=True)
def somebody_is_alerted(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> list[CheckMessage]:
    if settings.ALERT_EMAILS or settings.ALERT_URL:
        return []
    return [
        checks.Warning(
            "Neither ALERT_EMAIL nor ALERT_URL is set: nobody hears of trouble.",
            hint="Set ALERT_EMAIL to the address of whoever keeps the server, and "
            "ALERT_URL to what takes a POST: mail may be what is down.",
            id="config.W001",
        )
    ]


# What the law of most places asks a site to say, and no software knows.
SAID_OF_THE_SITE = (
    "OPERATOR", "HOSTING", "MAIL_SERVICE", "LEGAL_BASIS", "PRIVACY_OFFICER",
)  # fmt: skip


@register(Tags.security, deploy=True)
def privacy_page_is_whole(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> list[CheckMessage]:
    """Inform of what the privacy page has to leave open."""
    unset = [name for name in SAID_OF_THE_SITE if not getattr(settings, name)]
    if not unset:
        return []
    return [
        checks.Info(
            f"The privacy page says that this is not stated: {', '.join(unset)}.",
            hint="docs/configuration.md says what each is; with _FR for French.",
            id="config.I002",
        )
    ]


@register(Tags.security)
def webhooks_have_their_keys(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> list[CheckMessage]:
    """Require the key with which a mail provider signs its webhooks: without it none
    could be accepted."""
    if not settings.MAIL_WEBHOOKS:
        return []
    address = reverse(f"anymail:{settings.MAIL_WEBHOOKS}_tracking_webhook")
    view = resolve(address).func
    try:
        view.view_class(**view.view_initkwargs)  # type: ignore[attr-defined]
    except ImproperlyConfigured as error:
        return [
            Error(
                " ".join(str(error).split()),
                hint="Set it in the environment, with ANYMAIL_ before its name.",
                id="config.E005",
            )
        ]
    return []


@register(Tags.compatibility)
def no_variable_is_misspelt(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> list[CheckMessage]:
    return [
        checks.Warning(
            f"{name} is set, which this site does not know, and {known} is not.",
            hint=f"Is {known} meant? docs/configuration.md lists them all.",
            id="config.W003",
        )
        for name, known in settings.MISSPELT.items()
    ]


@register(Tags.files)
def uploads_can_be_written(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> list[CheckMessage]:
    folder = Path(settings.MEDIA_ROOT)
    try:
        mode = os.stat(folder).st_mode
    except FileNotFoundError:
        above = next(part for part in folder.parents if part.exists())
        fault = "" if can_write(above) else f"and nothing may be made in {above}"
        for part in (folder, *folder.parents):
            if part.is_symlink() and not part.exists():
                fault = f"and {part} leads to {part.readlink()}, which is not there"
    except OSError as error:
        fault = f"which cannot be looked at ({error.strerror})"
    else:
        fault = "" if can_write(folder) else "where nothing may be written"
        if not stat.S_ISDIR(mode):
            fault = "which is not a folder"
    if not fault:
        return []
    return [
        Error(
            f"MEDIA_ROOT is {folder}, {fault}.",
            hint="Set MEDIA_ROOT to a folder that the site may write to.",
            id="config.E002",
        )
    ]


def can_write(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)


@register(Tags.models)
def every_personal_column_has_a_rule(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> list[CheckMessage]:
    missing = [
        Error(
            f"{model}.{column} may hold personal data and has no rule of retention.",
            hint="Say in the app's retention rules what it is for and when it goes, or "
            f'that it is not personal: "{model}": ("{column}",)',
            id="config.E003",
        )
        for model, column in retention.undeclared_columns()
    ]
    wrong = [
        Error(
            f"A rule of retention names {model}.{column}, which does not exist.",
            hint="Correct it in the app's retention rules.",
            id="config.E004",
        )
        for model, column in retention.unknown()
    ]
    return [*missing, *wrong]


@register(Tags.models)
def every_model_is_audited_or_says_why_not(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> list[CheckMessage]:
    missing = [
        Error(
            f"{model} is neither audited nor said not to be.",
            hint="Say in the app's audited.py which: Audited(…) with the way to its "
            "organisation, or NotAudited(…) with the reason.",
            id="config.E008",
        )
        for model in tables.undeclared_models()
    ]
    wrong = [
        Error(
            f"{place} is declared in an audited.py, and does not exist.",
            hint="Correct it there.",
            id="config.E009",
        )
        for place in tables.wrong()
    ]
    return [*missing, *wrong]


@register(Tags.compatibility, deploy=True)
def names_can_be_printed(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> list[CheckMessage]:
    """Say when the fonts of PDFs are missing. It is no warning: all else works without
    them, and a delivery says what it could not print."""
    names = fonts.font_files()
    if fonts.BASE not in names:
        fault, package = "no PDF can be made", "fonts-noto-core"
    elif fonts.CJK not in names:
        fault = "PDFs show a sign in place of Chinese, Japanese and Korean names"
        package = "fonts-noto-cjk"
    else:
        return []
    return [
        checks.Info(
            f"The fonts of {package} are not installed: {fault}.",
            hint=f"Install them (apt-get install {package}), or put the files of Noto "
            f"fonts into one of {', '.join(fonts.PLACES)}.",
            id="config.I001",
        )
    ]


# Settings with which PostgreSQL writes values of a row into its own log.
LOGGED_VALUES = """
SELECT name || ' is ' || setting FROM pg_settings
 WHERE (name = 'log_error_verbosity' AND setting <> 'terse')
    OR (name = 'log_min_error_statement'
        AND setting NOT IN ('log', 'fatal', 'panic')
        AND current_setting('log_min_messages') NOT IN ('fatal', 'panic'))
    OR (name = 'auto_explain.log_min_duration' AND setting <> '-1'
        AND current_setting('auto_explain.log_parameter_max_length', true) <> '0')
 ORDER BY name
"""


@register(Tags.database)
def server_logs_no_values(
    app_configs: Sequence[AppConfig] | None,
    databases: Sequence[str] | None = None,
    **options: Any,
) -> list[CheckMessage]:
    """Warn when a failed statement would leave names and addresses in PostgreSQL's
    log."""
    messages: list[CheckMessage] = []
    for alias in databases or []:
        with connections[alias].cursor() as cursor:
            cursor.execute(LOGGED_VALUES)
            talkative = ", ".join(setting for (setting,) in cursor.fetchall())
        if talkative:
            messages.append(
                checks.Warning(
                    "PostgreSQL writes people's data into its own log when a "
                    f"statement fails: {talkative}.",
                    hint="docs/operations.md, “Logs”, has the settings.",
                    id="config.W002",
                )
            )
    return messages
