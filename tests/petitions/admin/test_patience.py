"""Where people wait for what somebody else holds: tried again, then a sentence that
keeps what was typed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from PIL import Image

from core.images import uploads
from organizations.models import Organization, User
from petitions.management.commands import import_organization
from petitions.models import Petition
from tests.petitions.admin.helpers import act, form
from tests.petitions.admin.pictures import taken

pytestmark = pytest.mark.django_db(transaction=True)

type Login = Callable[[User], Client]

ROW = "SELECT 1 FROM petitions_petition FOR UPDATE"
TEXTS = "LOCK TABLE petitions_searchdocument IN SHARE MODE"
SENTENCE = "Somebody else is changing the same just now, so nothing was saved."


@pytest.fixture(autouse=True)
def _soon() -> Iterator[None]:
    """Nobody waits five seconds here."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '0.4s'")
    yield
    connection.close()


@contextmanager
def held(statement: str, seconds: float) -> Iterator[None]:
    """Somebody else holds what `statement` locks for so long."""
    s = connection.get_connection_params()
    url = {name: s[name] for name in ("dbname", "user", "password", "host", "port")}
    begun, end = threading.Event(), threading.Event()

    def hold() -> None:
        with psycopg.connect(**url) as database:
            database.execute(statement)
            begun.set()
            end.wait(seconds)

    thread = threading.Thread(target=hold)
    thread.start()
    assert begun.wait(10)
    try:
        yield
    finally:
        end.set()
        thread.join()


def change(petition: Petition) -> str:
    return f"/admin/petitions/petition/{petition.pk}/change/"


@pytest.mark.parametrize("statement", [ROW, TEXTS])
def test_a_form_is_tried_again(
    as_user: Login, erin: User, petition: Petition, statement: str
) -> None:
    client = as_user(erin)
    with held(statement, 0.6):
        response = client.post(change(petition), form(petition, title="Free them all"))

    assert response.status_code == 302
    petition.refresh_from_db()
    assert petition.title == "Free them all"


@pytest.mark.parametrize("statement", [ROW, TEXTS])
def test_then_it_is_shown_as_it_was_typed(
    as_user: Login, erin: User, petition: Petition, statement: str
) -> None:
    client = as_user(erin)
    with held(statement, 30):
        response = client.post(change(petition), form(petition, title="Free them all"))

    assert response.status_code == 200
    page = response.content.decode()
    assert SENTENCE in page
    assert 'value="Free them all"' in page
    petition.refresh_from_db()
    assert petition.title == "Free the prisoners"


def test_so_is_one_that_adds(as_user: Login, erin: User, petition: Petition) -> None:
    client = as_user(erin)
    with held("LOCK TABLE petitions_target IN SHARE MODE", 30):
        fields = form(title="Save the whales", organization=petition.organization_id)
        response = client.post("/admin/petitions/petition/add/", fields)

    assert response.status_code == 200
    assert SENTENCE in response.content.decode()
    assert 'value="Save the whales"' in response.content.decode()
    assert Petition.objects.count() == 1


def test_publishing_is_tried_again(
    as_user: Login, erin: User, petition: Petition
) -> None:
    client = as_user(erin)
    with held(ROW, 0.6):
        act(client, petition, "pause")

    petition.refresh_from_db()
    assert petition.state == "paused"


def imported(tmp_path: Path) -> Path:
    file = tmp_path / "file.json"
    petition = {"title": "Save the whales", "text": "Please.", "targets": ["Minister"]}
    content = {"organization": {"name": "Whales", "petitions": [petition]}}
    file.write_text(json.dumps(content))
    return file


def test_an_import_waits(
    tmp_path: Path, organization: Organization, capsys: pytest.CaptureFixture[str]
) -> None:
    with held(TEXTS, 1):
        call_command("import_organization", imported(tmp_path))

    assert "1 petitions brought in" in capsys.readouterr().out


def test_in_the_end_it_says_so(
    tmp_path: Path, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_organization, "TRIES", 2)
    with held(TEXTS, 30), pytest.raises(CommandError, match="Nothing was brought in"):
        call_command("import_organization", imported(tmp_path))

    assert not Petition.objects.exists()


def test_a_picture_is_made_before_anything_is_held(
    as_user: Login,
    erin: User,
    petition: Petition,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    tmp_path: Path,
) -> None:
    settings.MEDIA_ROOT = tmp_path
    encoded, seen = uploads.encode_picture, []

    def watched(picture: Any, kind: uploads.Kind) -> bytes:
        seen.append(connection.in_atomic_block)
        return encoded(picture, kind)

    monkeypatch.setattr(uploads, "encode_picture", watched)
    fields = form(petition, image=taken(), image_description="The harbour")

    response = as_user(erin).post(change(petition), fields)

    assert response.status_code == 302
    assert seen == [False] * len(uploads.WIDTHS) * len(uploads.KINDS)
    petition.refresh_from_db()
    assert len(list((tmp_path / "petitions").iterdir())) == 1 + len(seen)


def test_a_picture_is_refused_before_anything_is_held(
    as_user: Login,
    erin: User,
    petition: Petition,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether anything can be seen in it is known once all of it has been read."""
    first_seen, seen = uploads.first_seen, []

    def watched(picture: Image.Image) -> None:
        seen.append(connection.in_atomic_block)
        first_seen(picture)

    monkeypatch.setattr(uploads, "first_seen", watched)
    buffer = BytesIO()
    Image.new("RGBA", (80, 50)).save(buffer, "PNG")
    nothing = ContentFile(buffer.getvalue(), name="nothing.png")
    fields = form(petition, image=nothing, image_description="The harbour")

    response = as_user(erin).post(change(petition), fields)

    assert "There is nothing to be seen in the picture." in response.content.decode()
    assert seen == [False]
