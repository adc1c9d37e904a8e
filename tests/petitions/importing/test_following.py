"""Following petitions that go on elsewhere: a file that is brought in again."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from core.audit.actors import acting
from core.models import AuditEntry
from organizations.models import Organization, User
from petitions.importing import LOCK
from petitions.management.commands import import_organization
from petitions.markup import COMMONMARK, NEWEST_DIALECT
from petitions.models import Correction, CountEntry, Petition, Translation
from petitions.states import State
from tests.factories import make_entry, make_petition, make_signature
from tests.helpers import text_of
from tests.petitions.importing import files
from tests.petitions.importing.helpers import file_of, refusal, run, snapshot

pytestmark = pytest.mark.django_db

TEXT = "Free them all. They did no harm.\n\nWrite to the minister.\n\nThank you."
GROWS: dict[str, Any] = {"title": "Grows", "text": TEXT, "supporters": 100}


def file(**changes: Any) -> dict[str, Any]:
    return file_of({**GROWS, **changes})


def follow(tmp_path: Path, content: dict[str, Any], *options: str) -> str:
    """Bring in a file, and again: the second time it changes nothing. Return what the
    first time said."""
    said = run(tmp_path, content, *options)
    before = rows()
    again = run(tmp_path, content, *options)
    assert "Nothing has changed." in again
    assert rows() == before
    return said


def rows() -> list[Any]:
    """Return all that an import writes, and the log."""
    return [
        snapshot(),
        *(
            list(model.objects.order_by("pk").values())
            for model in (Correction, Translation, AuditEntry)
        ),
    ]


def numbers() -> list[int]:
    entries = CountEntry.objects.order_by("pk")
    return list(entries.values_list("number", flat=True))


def supporters() -> int:
    return Petition.objects.with_counts().get().supporters


# == The number ==


def test_a_number_that_grew_is_followed_by_one_more_entry(tmp_path: Path) -> None:
    run(tmp_path, file())
    said = follow(tmp_path, file(supporters=180))

    assert "0 petitions brought in, 1 were there already, 80 supporters added" in said
    assert "[0].supporters: was 100: an entry of +80 was added." in said
    follow(tmp_path, file(supporters=250))
    assert numbers() == [100, 80, 70]
    assert supporters() == 250
    assert files.proved(Petition.objects.get())


@pytest.mark.parametrize("number", [60, 0])
def test_a_smaller_number_is_an_entry_below_zero(tmp_path: Path, number: int) -> None:
    run(tmp_path, file())
    said = follow(tmp_path, file(supporters=number))

    assert "0 supporters added" in said
    assert f"was 100: an entry of {number - 100} was added" in said
    assert supporters() == number


def test_many_more_are_several_entries(tmp_path: Path) -> None:
    run(tmp_path, file())
    follow(tmp_path, file(supporters=25_000_000))

    assert supporters() == 25_000_000
    assert len(set(CountEntry.objects.values_list("label"))) == len(numbers()) == 4


def test_a_file_without_a_number_leaves_it(tmp_path: Path) -> None:
    run(tmp_path, file())
    follow(tmp_path, file(supporters=None))

    assert numbers() == [100]


def test_who_signed_here_counts_beside_the_number(tmp_path: Path) -> None:
    run(tmp_path, file())
    make_signature(Petition.objects.get())
    follow(tmp_path, file(supporters=180))

    assert supporters() == 181


def test_a_number_that_staff_corrected_is_left(tmp_path: Path, erin: User) -> None:
    run(tmp_path, file())
    with acting(str(erin.pk)):
        make_entry(Petition.objects.get(), -20)

    said = follow(tmp_path, file(supporters=150))

    assert "supporters: differs from what somebody has written here" in said
    assert supporters() == 80
    follow(tmp_path, file(supporters=150), "--overrule")
    assert numbers() == [100, -20, 70]
    follow(tmp_path, file(supporters=160))
    assert supporters() == 160


def test_people_of_a_list_do_not_count_twice(tmp_path: Path, erin: User) -> None:
    run(tmp_path, file(supporters=2))
    petition = Petition.objects.get()
    files.bring_in(petition, erin, files.of_people("ann", "bob", "cem"))

    said = follow(tmp_path, file(supporters=5))

    assert "supporters: is not 2, the number here, which was left alone: a list" in said
    assert supporters() == 5


# == Words ==


def test_words_that_nobody_has_signed_are_changed(tmp_path: Path) -> None:
    run(tmp_path, file(supporters=0))
    Petition.objects.update(dialect=COMMONMARK)
    said = follow(tmp_path, file(supporters=0, text="Free all.", ask="Free them!"))

    petition = Petition.objects.get()
    assert petition.dialect == NEWEST_DIALECT
    assert (petition.text, petition.ask) == ("Free all.", "Free them!")
    assert "[0].text: was changed." in said
    assert "[0].ask: was added." in said
    assert not Correction.objects.exists()


def test_a_text_that_was_signed_takes_corrections(
    visitor: Client, tmp_path: Path
) -> None:
    run(tmp_path, file())
    newer = TEXT.replace("no harm", "nothing").replace("Thank", "Many thanks")
    said = follow(tmp_path, file(text=newer, ask="Free them!", title="Grows"))

    petition = Petition.objects.get()
    assert petition.text == TEXT
    assert [(one.before, one.after) for one in Correction.objects.all()] == [
        ("They did no harm.", "They did nothing."), ("Thank you.", "Many thanks you."),
    ]  # fmt: skip
    assert "[0].text: was signed: 2 dated correction(s) added." in said
    assert "[0].ask: differs from what is stored, which was left alone." in said
    page = text_of(visitor.get(petition.get_absolute_url()))
    assert "They did nothing." in page
    # As it was signed: corrected once more.
    follow(tmp_path, file(ask="Free them!"))
    assert Correction.objects.count() == 4


@pytest.mark.parametrize(
    "newer",
    [
        TEXT + "\n\nP.S.: Write today.",
        "News.\n\n" + TEXT,
        TEXT.replace("Write to the minister.\n\n", ""),
        TEXT.replace("\n\nWrite", " Write"),
        "Free them all.\n\nNobody is free.\n\nWrite.",
        "Another text.",
    ],
)
def test_whatever_becomes_of_a_signed_text_is_told(tmp_path: Path, newer: str) -> None:
    run(tmp_path, file())
    follow(tmp_path, file(text=newer))
    assert Correction.objects.exists()


def test_blanks_and_line_ends_are_no_other_text(tmp_path: Path) -> None:
    run(tmp_path, file())
    follow(tmp_path, file(text=TEXT.replace("\n\n", "\r\n \r\n\r\n") + "\r\n"))
    assert not Correction.objects.exists()


def test_a_passage_that_staff_corrected_is_left(tmp_path: Path, erin: User) -> None:
    run(tmp_path, file())
    own = {"petition": Petition.objects.get(), "made_by": erin}
    Correction.objects.create(before="no harm", after="no wrong", **own)
    follow(tmp_path, file())
    newer = TEXT.replace("Thank", "Many thanks")
    follow(tmp_path, file(text=newer))
    assert Correction.objects.count() == 2

    said = follow(tmp_path, file(text=newer.replace("no harm", "nothing")))
    assert "text: differs from what somebody has written here" in said
    assert Correction.objects.count() == 2

    said = follow(tmp_path, file(text=newer.replace("no harm", "no wrong")))
    assert "differs" not in said
    assert Correction.objects.count() == 2


def test_what_somebody_corrected_stays_theirs_when_their_account_goes(
    tmp_path: Path, erin: User
) -> None:
    run(tmp_path, file())
    own = {"petition": Petition.objects.get(), "made_by": erin}
    with acting(str(erin.pk)):
        Correction.objects.create(before="no harm", after="no wrong", **own)
    erin.delete()
    assert Correction.objects.get().made_by is None

    said = follow(tmp_path, file(text=TEXT.replace("no harm", "nothing")))

    assert "text: differs from what somebody has written here" in said
    assert Correction.objects.count() == 1


def test_what_staff_added_is_not_added_again(tmp_path: Path, erin: User) -> None:
    run(tmp_path, file())
    own = {"petition": Petition.objects.get(), "made_by": erin}
    Correction.objects.create(before="minister.", after="minister. Today.", **own)
    newer = TEXT.replace("minister.", "minister. Today.")
    for text in (newer, newer.replace("Thank", "Many thanks")):
        follow(tmp_path, file(text=text))

    assert Correction.objects.last().before == "Thank you."  # type: ignore[union-attr]
    assert Correction.objects.count() == 2


def test_a_passage_too_long_for_a_correction_is_left(tmp_path: Path) -> None:
    run(tmp_path, file(text="a" * 6000))
    said = follow(tmp_path, file(text="b" * 6000))

    assert "correct it by hand" in said
    assert not Correction.objects.exists()


def test_a_text_in_another_language_or_format_is_left(tmp_path: Path) -> None:
    run(tmp_path, file())
    for other in ({"language": "fr"}, {"text_format": "markdown"}):
        said = follow(tmp_path, file(text="Libérez-les.", **other))
        assert "[0].text: differs from what is stored, which was left alone." in said
    assert not Correction.objects.exists()


def test_a_translation_is_corrected_in_its_language(tmp_path: Path) -> None:
    french = {"title": "Libres", "text": "Libérez-les.\n\nMerci."}
    run(tmp_path, file(translations={"fr": french}))
    newer = {**french, "text": "Libérez-les.\n\nMerci bien.", "summary": "Libres !"}
    follow(tmp_path, file(translations={"fr": newer}))

    correction = Correction.objects.get()
    assert (correction.language, correction.after) == ("fr", "Merci bien.")
    assert Translation.objects.get().summary == "Libres !"


def test_what_is_told_of_it_is_changed_until_staff_write_it(
    tmp_path: Path, erin: User
) -> None:
    run(tmp_path, file_of({**GROWS, "summary": "Old"}, description="Old"))
    with acting(str(erin.pk)):
        Petition.objects.update(goal=500)
    said = follow(
        tmp_path, file_of({**GROWS, "summary": "New"}, description="New", website="")
    )
    assert "organization.description: was changed." in said
    assert "organization.petitions[0].summary: was changed." in said
    assert Organization.objects.get().description == "New"
    with acting(str(erin.pk)):
        Petition.objects.update(summary="Ours")
        Organization.objects.update(description="Ours")

    newest = file_of({**GROWS, "summary": "Newest"}, description="Newest")
    said = follow(tmp_path, newest)

    assert said.count("differs from what somebody has written here") == 2
    assert Petition.objects.get().summary == "Ours"
    follow(tmp_path, newest, "--overrule")
    assert Petition.objects.get().summary == "Newest"
    assert Organization.objects.get().description == "Newest"


# == The state ==


@pytest.mark.parametrize("state", ["closed", "won"])
def test_an_end_elsewhere_is_one_here(tmp_path: Path, state: str) -> None:
    run(tmp_path, file())
    said = follow(
        tmp_path, file(state=state, ended_on="2026-01-01", outcome="They are free.")
    )

    petition = Petition.objects.get()
    assert (petition.state, petition.outcome) == (state, "They are free.")
    assert f"[0].state: was open, and is {state} from today on." in said
    assert petition.ended_at is not None
    assert petition.ended_at > timezone.now() - timedelta(minutes=5)
    assert petition.can_be_taken_back(timezone.now())
    assert "ended_on" not in said


def test_what_was_closed_may_be_won_and_no_file_opens_it(tmp_path: Path) -> None:
    run(tmp_path, file(state="closed", ended_on="2016-06-01"))
    follow(tmp_path, file(state="won", ended_on="2016-06-01"))
    said = follow(tmp_path, file(state="open"))

    assert Petition.objects.get().state == State.WON
    assert "[0].state: differs from what is stored, which was left alone." in said


def test_an_end_that_staff_took_back_is_left(tmp_path: Path, erin: User) -> None:
    run(tmp_path, file())
    run(tmp_path, file(state="won"))
    with acting(str(erin.pk)):
        Petition.objects.get().take_back(now=timezone.now())

    said = follow(tmp_path, file(state="won"))

    assert "state: differs from what somebody has written here" in said
    assert Petition.objects.get().state == State.OPEN


def test_what_was_withdrawn_here_is_left_whole(tmp_path: Path) -> None:
    run(tmp_path, file())
    Petition.objects.get().withdraw(now=timezone.now())

    said = follow(tmp_path, file(supporters=180, state="won", summary="New"))

    assert "[0]: was withdrawn here, and was left alone." in said
    assert numbers() == [100]


def test_one_that_is_gone_from_the_file_is_named(
    tmp_path: Path, organization: Organization
) -> None:
    """But none that has always been here alone."""
    run(tmp_path, file_of(GROWS, {"title": "Shrinks", "supporters": 1}))
    make_petition(organization, title="Ours")

    said = follow(tmp_path, file())

    assert "petitions: “Shrinks” is no longer in the file, and was left alone." in said
    assert "Ours" not in said


# == The origin ==

ORIGIN = "https://www.change.org/p/grows"


def test_a_petition_is_known_by_its_origin(tmp_path: Path) -> None:
    run(tmp_path, file())
    said = follow(tmp_path, file(origin=ORIGIN))
    assert "[0].origin: was added." in said

    said = follow(tmp_path, file(origin=ORIGIN, title="Grew", supporters=180))

    assert "0 petitions brought in, 1 were there already, 80 supporters" in said
    assert "[0].title: differs from what is stored, which was left alone." in said
    # Another one may have its former title.
    both = file_of(
        {**GROWS, "title": "Grew", "origin": ORIGIN, "supporters": 180},
        {**GROWS, "origin": f"{ORIGIN}-2"},
    )
    assert "1 petitions brought in, 1 were there already" in follow(tmp_path, both)


def test_two_origins_are_two_petitions(tmp_path: Path) -> None:
    run(tmp_path, file(origin=ORIGIN))
    before = rows()

    with pytest.raises(CommandError) as refused:
        run(tmp_path, file(origin=f"{ORIGIN}-2", supporters=180))

    assert f"origin: is not the origin of the petition that has its title, which is “{ORIGIN}”" in str(refused.value)  # fmt: skip
    assert rows() == before


def test_one_origin_stands_once_in_a_file(tmp_path: Path) -> None:
    same = {**GROWS, "origin": ORIGIN}
    (line,) = refusal(tmp_path, file_of(same, {**same, "title": "Grew"}))
    assert "petitions[1].origin: stands twice in the file" in line


@pytest.mark.parametrize("origin", ["javascript:alert(1)", "ftp://a.example", "a b"])
def test_an_origin_is_a_web_address(tmp_path: Path, origin: str) -> None:
    (line,) = refusal(tmp_path, file(origin=origin))
    assert "petitions[0].origin: " in line


def test_a_link_to_the_origin_stands_beside_the_number(
    visitor: Client, tmp_path: Path
) -> None:
    run(tmp_path, file(origin=f"{ORIGIN}?a=1&b=2"))
    petition = Petition.objects.get()

    page = visitor.get(petition.get_absolute_url())

    assert "100 counted elsewhere before, on change.org" in text_of(page)
    link = f'<a href="{ORIGIN}?a=1&amp;b=2" rel="nofollow noopener noreferrer">'
    assert f"{link}change.org</a>" in page.content.decode()
    data = visitor.get(f"/petitions/{petition.slug}.json").json()
    assert data["origin"] == petition.origin


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://www.change.org/p/grows", "change.org"),
        ("https://WWW.change.org", "change.org"),
        ("http://you.example:8000?x=@y", "you.example:8000"),
        ("https://change.org@evil.example#@x", "evil.example"),
        ("https://[", "["),
        ("", ""),
    ],
)
def test_the_site_is_named_to_readers(origin: str, host: str) -> None:
    assert Petition(origin=origin).origin_host == host


def test_the_database_holds_an_origin_once(organization: Organization) -> None:
    make_petition(organization, origin=ORIGIN)
    for origin in (ORIGIN, "javascript:alert(1)"):
        with pytest.raises(IntegrityError), transaction.atomic():
            make_petition(organization, origin=origin)
    make_petition(organization)
    make_petition(organization)


# == All or nothing ==


def test_a_rehearsal_says_the_same_and_stores_nothing(tmp_path: Path) -> None:
    run(tmp_path, file())
    before = rows()
    newer = file(supporters=180, text=TEXT + "\n\nToday.", state="won")
    newer["organization"]["petitions"].append({**GROWS, "title": "New", "target": None})

    said = run(tmp_path, newer, "--dry-run")

    assert rows() == before
    assert "This was a rehearsal: nothing was stored." in said
    told = [int(number) for number in re.findall(r"file\.json: line (\d+)", said)]
    assert len(told) == 3
    assert told == sorted(told)
    done = run(tmp_path, newer)
    assert done.split("\n")[2:] == said.split("\n")[2:]
    assert done.split("\n")[0] == said.split("\n")[0]


@pytest.mark.django_db(transaction=True)
def test_two_imports_wait_for_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, file())
    monkeypatch.setattr(import_organization, "TRIES", 1)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(LOCK)
            held.set()
            done.wait(20)
        connection.close()

    other = threading.Thread(target=hold)
    other.start()
    assert held.wait(10)
    try:
        with pytest.raises(CommandError, match="Nothing was brought in"):
            run(tmp_path, file(supporters=180))
    finally:
        done.set()
        other.join()

    assert numbers() == [100]
