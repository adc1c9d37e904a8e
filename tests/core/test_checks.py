"""What `manage.py check` finds before visitors do; the checks that stand beside what they
look at are tested there."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.core.checks import Tags, run_checks
from django.core.checks.registry import registry
from pytest_django import Settings

import core.checks
import petitions.checks


def found(tag: str, **options: Any) -> dict[str, str]:
    """The messages of our checks with this tag, by id."""
    messages = run_checks(tags=[tag], **options)
    return {
        str(message.id): str(message.msg)
        for message in messages
        if str(message.id).startswith(("config.", "petitions."))
    }


@pytest.mark.parametrize("module", [core.checks, petitions.checks])
def test_every_check_is_registered(module: ModuleType) -> None:
    takes = {
        name
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and "app_configs" in inspect.signature(function).parameters
    }
    registered = {
        getattr(check, "__name__", "")
        for check in registry.get_checks(include_deployment_checks=True)
        if check.__module__ == module.__name__
    }

    assert takes
    assert takes == registered


def test_a_folder_for_uploads_that_is_there_or_can_be_made_is_right(
    settings: Settings, tmp_path: Path
) -> None:
    for folder in (tmp_path, tmp_path / "media" / "of the site"):
        settings.MEDIA_ROOT = folder
        assert found(Tags.files) == {}


def test_a_folder_for_uploads_that_cannot_be_written_is_named(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write everywhere, so that the answer of the system is a stand-in."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    settings.MEDIA_ROOT = tmp_path
    assert found(Tags.files) == {
        "config.E002": f"MEDIA_ROOT is {tmp_path}, where nothing may be written."
    }
    settings.MEDIA_ROOT = tmp_path / "media"
    assert found(Tags.files) == {
        "config.E002": f"MEDIA_ROOT is {tmp_path}/media, "
        f"and nothing may be made in {tmp_path}."
    }


def test_a_file_is_no_folder_for_uploads(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    settings.MEDIA_ROOT = file
    assert "which is not a folder" in found(Tags.files)["config.E002"]
    settings.MEDIA_ROOT = file / "media"
    assert "which cannot be looked at" in found(Tags.files)["config.E002"]


def test_a_link_that_leads_nowhere_is_no_folder_for_uploads(
    settings: Settings, tmp_path: Path
) -> None:
    """As when the disk that it leads to is not mounted."""
    link = tmp_path / "link"
    link.symlink_to("/mnt/away")

    for folder in (link, link / "media"):
        settings.MEDIA_ROOT = folder
        assert (
            f"{link} leads to /mnt/away, which is not there"
            in (found(Tags.files)["config.E002"])
        )


def test_what_the_privacy_page_leaves_open_is_told_before_going_public(
    settings: Settings,
) -> None:
    settings.OPERATOR, settings.HOSTING = {"fr": "Droits inc."}, {}
    assert "config.I002" not in found(Tags.security)
    told = found(Tags.security, include_deployment_checks=True)["config.I002"]
    assert "HOSTING, MAIL_SERVICE, LEGAL_BASIS, PRIVACY_OFFICER." in told
    assert "OPERATOR" not in told

    for name in core.checks.SAID_OF_THE_SITE:
        setattr(settings, name, {"en": "Somebody"})
    told_now = found(Tags.security, include_deployment_checks=True)
    assert "config.I002" not in told_now


def test_who_is_alerted_by_nothing_is_told_before_going_public(
    settings: Settings,
) -> None:
    settings.ALERT_EMAILS, settings.ALERT_URL = [], ""
    assert "config.W001" not in found(Tags.security)
    assert "config.W001" in found(Tags.security, include_deployment_checks=True)

    for name, value in (("ALERT_EMAILS", ["a@b.org"]), ("ALERT_URL", "https://a.b")):
        settings.ALERT_EMAILS, settings.ALERT_URL = [], ""
        setattr(settings, name, value)
        told = found(Tags.security, include_deployment_checks=True)
        assert "config.W001" not in told
