"""What was to be seen of a petition that was withdrawn goes with it."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from core.http.cache_policy import page_cache
from core.images.uploads import PictureFile
from core.retention import expire
from petitions.models import Petition
from petitions.models.petition_lifecycle import WAIT
from petitions.sharing import cards
from tests.factories import (
    backdate,
    make_entry,
    make_handover,
    make_petition,
    make_signature,
    make_update,
)
from tests.petitions.admin.pictures import SHOWS, stored

pytestmark = pytest.mark.django_db

RULE = "pictures"
MINUTE = timedelta(minutes=1)
SHARED = "/petitions/free-the-prisoners/share.png"


def illustrated(petition: Petition, picture: bytes) -> list[Any]:
    """A petition with pictures wherever there can be one; the rows that have them."""
    Petition.objects.filter(pk=petition.pk).update(image_description=SHOWS)
    petition.refresh_from_db()
    petition.image.save("abc-800x500.webp", stored(picture))
    make_entry(petition, 3, source="paper")
    shown: dict[str, Any] = {"image_description": SHOWS}
    return [
        petition,
        make_update(petition, image=stored(picture), **shown),
        make_update(petition, published=False, image=stored(picture), **shown),
        make_handover(petition, image=stored(picture), **shown),
    ]


def files(media: Path) -> set[str]:
    return {str(path.relative_to(media)) for path in media.rglob("*.*")}


def status(visitor: Client, path: str) -> int:
    page_cache.clear()
    response = visitor.get(path)
    if response.streaming:
        # To the end: closing it would close the connection to the database, too.
        list(response)
    return int(response.status_code)


@pytest.fixture
def others(media: Path, picture: bytes) -> set[str]:
    """The files of a petition that goes on."""
    illustrated(make_petition(title="Another"), picture)
    return files(media)


def test_pictures_go_with_what_was_withdrawn(
    visitor: Client, media: Path, picture: bytes, petition: Petition, others: set[str]
) -> None:
    rows = illustrated(petition, picture)
    addresses = [source.srcset.split()[0] for r in rows for source in r.image.sources]
    addresses += [row.image.url for row in rows]
    assert {status(visitor, address) for address in addresses} == {200}
    assert len(files(media) - others) == len(rows) * 5
    expire(timezone.now())
    assert {status(visitor, address) for address in addresses} == {200}
    petition.withdraw(now=timezone.now())

    assert expire(timezone.now() + WAIT - MINUTE)[RULE] == 0
    assert expire(timezone.now() + WAIT + MINUTE)[RULE] == len(rows)

    assert files(media) == others
    assert {status(visitor, address) for address in addresses} == {404}
    for row in rows:
        row.refresh_from_db()
        assert (row.image.name, row.image_width) == ("", None)
    assert expire(timezone.now())[RULE] == 0


def test_whoever_was_killed_in_between_goes_on(
    monkeypatch: pytest.MonkeyPatch, media: Path, picture: bytes, petition: Petition,
    others: set[str],
) -> None:  # fmt: skip
    rows = illustrated(petition, picture)
    petition.withdraw(now=timezone.now())
    discard = PictureFile.discard
    done: list[str | None] = []

    def killed(file: PictureFile) -> None:
        if len(done) == 2:
            raise SystemExit
        done.append(file.name)
        discard(file)

    with monkeypatch.context() as patch:
        patch.setattr(PictureFile, "discard", killed)
        with pytest.raises(SystemExit):
            expire(timezone.now() + WAIT + MINUTE)
    assert len(done) == 2

    while expire(timezone.now() + WAIT + MINUTE, batch=1)[RULE]:
        pass

    assert files(media) == others
    assert all(
        not type(row).objects.exclude(image="").filter(pk=row.pk) for row in rows
    )


def test_operators_can_ask_how_many_wait(
    media: Path, picture: bytes, petition: Petition
) -> None:
    rows = illustrated(petition, picture)
    petition.withdraw(now=timezone.now())
    backdate(petition, state_since=timezone.now() - WAIT)
    out = StringIO()

    call_command("expire", dry_run=True, stdout=out)

    (line,) = [line for line in out.getvalue().splitlines() if RULE in line]
    assert str(len(rows)) in line


def test_the_picture_of_its_links_goes_at_once(
    visitor: Client, media: Path, picture: bytes, petition: Petition
) -> None:
    """Also under the address that said “for ever”, in a process that keeps it drawn."""
    illustrated(petition, picture)
    make_signature(petition)
    found = Petition.objects.with_counts().for_reading().get(pk=petition.pk)
    address = f"{SHARED}?v={cards.card_of(found).digest}"
    response = visitor.get(address)
    assert (response.status_code, "immutable" in response.headers["Cache-Control"]) == (
        200,
        True,
    )
    petition.withdraw(now=timezone.now())

    assert status(visitor, address) == 404
    assert status(visitor, SHARED) == 404
