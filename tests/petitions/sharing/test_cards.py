"""The picture beside a shared link."""

from __future__ import annotations

import threading
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone, translation
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops
from pytest_django import Settings

from core.http.cache_policy import page_cache
from petitions.counts import folding
from petitions.models import Petition
from petitions.sharing import (
    cards,
    lettering,
)
from petitions.sharing.cards import Card
from petitions.states import State
from tests.factories import make_entry, make_petition

PATH = "/petitions/free-the-prisoners/"
CARD = Card(
    title="Free the prisoners",
    rtl=False,
    petitioning="Petitioning Minister",
    supporters="15,000+ supporters",
    call="Sign the petition",
    organization="Rights Now",
    accent="#0b5f6b",
    logo="",
    picture="",
)
# Each in a script of its own, and how many pieces it has when letters are joined and
# marks stand on others: fewer than its characters.
TITLES = {
    "Latin": "Libérez-les, c’est l’heure",
    "Vietnamese": "Dừng tra tấn ngay",
    "Greek": "Σταματήστε τα βασανιστήρια",
    "Cyrillic": "Остановите пытки",
    "Arabic": "أوقفوا التعذيب في Canada الآن",
    "Persian": "شکنجه را متوقف کنید",
    "Urdu": "اذیتیں بند کرو ٹڑ",
    "Hebrew": "עצרו את העינויים",
    "Armenian": "Դադարեցրեք խոշտանգումները",
    "Georgian": "შეაჩერეთ წამება",
    "Devanagari": "यातना बंद करो",
    "Bengali": "নির্যাতন বন্ধ করুন",
    "Gurmukhi": "ਤਸ਼ੱਦਦ ਬੰਦ ਕਰੋ",
    "Tamil": "சித்திரவதையை நிறுத்துங்கள்",
    "Thai": "หยุดการทรมานเดี๋ยวนี้",
    "Ethiopic": "ስቃይ ይቁም",
    "Inuktitut": "ᐃᓄᒃᑎᑐᑦ ᐊᑐᖅ",
}


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    cards.forget_cards()
    yield
    cards.forget_cards()


def picture(png: bytes) -> Image.Image:
    return Image.open(BytesIO(png)).convert("RGB")


def inked(png: bytes) -> tuple[int, int, int, int]:
    """The box of what differs from blank paper, below the stripe."""
    image = picture(png).crop((0, 20, cards.WIDTH, cards.HEIGHT))
    box = ImageChops.difference(
        image, Image.new("RGB", image.size, cards.PAPER)
    ).getbbox()
    assert box is not None
    return box


def test_letters_are_shaped_on_this_machine() -> None:
    assert lettering.SHAPES, "install libfribidi0"


@pytest.mark.parametrize("script", TITLES)
def test_titles_of_many_scripts_are_drawn_whole(script: str) -> None:
    title = TITLES[script]
    rtl = unicodedata.bidirectional(title[0]) in {"R", "AL"}

    assert lettering.drawable(title) == unicodedata.normalize("NFC", title)
    png = cards.draw_card(replace(CARD, title=title, rtl=rtl, petitioning=""))

    left, _top, right, _bottom = inked(png)
    assert picture(png).size == (1200, 630)
    # From the margin where its language begins, and not beyond the other.
    assert (1200 - right if rtl else left) in range(cards.MARGIN - 6, cards.MARGIN + 9)
    assert (left if rtl else 1200 - right) >= cards.MARGIN - 6


def test_arabic_letters_are_joined_and_read_from_the_right() -> None:
    word = "عععع"
    font = lettering.font(40)
    joined = font.getmask(word, direction="rtl")
    apart = font.getmask(
        word, direction="rtl", features=["-init", "-medi", "-fina", "-isol"]
    )

    assert bytes(joined) != bytes(apart)
    assert lettering.drawn_direction("… أوقفوا") == "rtl"
    assert lettering.drawn_direction("Canada أوقفوا") == "ltr"


@pytest.mark.parametrize(
    ("title", "drawn"),
    [
        ("Peace 🕊️ now", "Peace now"),
        ("👩‍👩‍👧 Families", "Families"),
        ("停止酷刑", ""),
        ("Stop 酷刑", ""),
        ("🕊️", ""),
        ("", ""),
        ("a\nb\tc", "a b c"),
    ],
)
def test_what_the_font_does_not_have_leaves_no_hole(title: str, drawn: str) -> None:
    assert lettering.drawable(title).replace("\u200d", "").strip() == drawn
    cards.draw_card(replace(CARD, title=title))


def test_where_neither_title_nor_name_can_be_drawn_the_site_is_named(
    settings: Settings,
) -> None:
    card = replace(CARD, title="释放囚犯", organization="权利协会")
    pictures = set()
    for site in ("one.example", "other.example"):
        settings.SITE_HOST = site
        pictures.add(cards.draw_card(card))

    assert len(pictures) == 2


@pytest.mark.parametrize(
    "title", ["Yes", "word " * 60, "W" * 200, "ا" * 200, "क्ष" * 60]
)
def test_a_title_of_any_length_fits(title: str) -> None:
    font, lines = lettering.fitted(title.strip(), 1072)

    assert 36 <= font.size <= 72
    assert len(lines) <= lettering.LINES
    assert all(font.getlength(line) <= 1072 for line in lines)
    left, _top, right, bottom = inked(cards.draw_card(replace(CARD, title=title)))
    assert left >= 50
    assert right <= 1150
    assert bottom <= 600


def test_a_short_title_is_whole_and_a_long_one_says_that_it_goes_on() -> None:
    _font, short = lettering.fitted("Free the prisoners", 1072)
    _font, long = lettering.fitted("word " * 100, 1072)

    assert short == ["Free the prisoners"]
    assert long[-1].endswith("…")
    assert "…" not in "".join(long[:-1])


@pytest.mark.parametrize(
    "title",
    [
        "Give every child north of the river a place in a public school near them",
        "أعيدوا فتح جسر المشاة القديم قبل حلول الشتاء من أجل أطفال المدارس",
    ],
)
def test_the_lines_of_a_title_are_alike(title: str) -> None:
    font, lines = lettering.fitted(title, 1072)

    lengths = [font.getlength(line) for line in lines]
    assert len(lines) > 1
    assert min(lengths) > 0.6 * max(lengths)
    assert " ".join(lines) == title


def test_a_title_as_long_as_may_be_can_be_read_in_a_small_preview() -> None:
    font, lines = lettering.fitted("petitions and letters " * 6 + "to the river", 1072)

    assert font.size >= 48
    assert not lines[-1].endswith("…")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.booleans())
def test_no_title_breaks_the_picture(title: str, rtl: bool) -> None:
    card = replace(CARD, title=title, petitioning=title, organization=title, rtl=rtl)

    assert picture(cards.draw_card(card)).size == (1200, 630)


@pytest.mark.parametrize(
    ("number", "least"),
    [(0, 0), (9, 0), (10, 10), (14, 10), (99, 90), (101, 100), (1_499, 1_000),
     (1_500, 1_500), (15_261, 15_000), (21_756, 20_000), (999_999, 900_000),
     (1_250_000, 1_000_000)],
)  # fmt: skip
def test_the_number_is_a_round_one_that_was_reached(number: int, least: int) -> None:
    assert cards.band(number) == least


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "15,000+ supporters"), ("fr", "Plus de 15\xa0000 appuis")],
)
def test_how_many_in_the_readers_language(language: str, sentence: str) -> None:
    with translation.override(language):
        assert cards.supporters(15_261).replace("\u202f", "\xa0") == sentence


def test_a_picture_and_a_logo_are_in_it(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    for name, colour in (("picture.png", "red"), ("logo.png", "blue")):
        out = BytesIO()
        Image.new("RGB", (800, 600), colour).save(out, "PNG")
        default_storage.save(name, ContentFile(out.getvalue()))

    drawn = picture(
        cards.draw_card(replace(CARD, picture="picture.png", logo="logo.png"))
    )
    mirrored = picture(cards.draw_card(replace(CARD, picture="picture.png", rtl=True)))

    assert drawn.getpixel((1150, 300)) == (254, 0, 0) or drawn.getpixel(
        (1150, 300)
    ) == (255, 0, 0)
    blue: Any = drawn.getpixel((90, 92))
    assert blue[2] > 200 > blue[0]
    red: Any = mirrored.getpixel((50, 300))
    assert red[0] > 200 > red[2]


@pytest.mark.parametrize("number", [30, 15_261, 4_150_260])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_beside_a_picture_the_number_is_whole(
    settings: Any,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    number: int,
) -> None:
    settings.MEDIA_ROOT = tmp_path
    out = BytesIO()
    Image.new("RGB", (800, 600), "red").save(out, "PNG")
    default_storage.save("picture.png", ContentFile(out.getvalue()))
    drawn, shortened = [], lettering.shortened_to_width

    def noted(text: str, font: lettering.Font, width: float) -> str:
        drawn.append((text, shortened(text, font, width)))
        return drawn[-1][1]

    monkeypatch.setattr(lettering, "shortened_to_width", noted)
    with translation.override(language):
        words = cards.supporters(number)
        call = translation.gettext("Sign the petition")
        cards.draw_card(
            replace(CARD, picture="picture.png", supporters=words, call=call)
        )

    assert (words, words) in drawn
    assert [text for text, kept in drawn if text != kept] == []


def test_a_lost_file_costs_the_picture_nothing_else(
    settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "broken.webp").write_bytes(b"RIFF")
    plain = cards.draw_card(CARD)

    assert (
        cards.draw_card(replace(CARD, logo="gone.webp", picture="gone.webp")) == plain
    )
    assert cards.draw_card(replace(CARD, logo="broken.webp")) == plain


# == Drawn once ==


def test_a_picture_is_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    drawings: list[Card] = []
    begun, go_on = threading.Event(), threading.Event()

    def draw(card: Card) -> bytes:
        drawings.append(card)
        begun.set()
        go_on.wait(10)
        return b"png"

    monkeypatch.setattr(cards, "draw_card", draw)
    threads = [threading.Thread(target=cards.card_png, args=(CARD,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    begun.wait(10)
    go_on.set()
    for thread in threads:
        thread.join(10)

    assert drawings == [CARD]
    assert cards.card_png(CARD) == b"png"


def test_nobody_waits_long_behind_other_drawings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cards, "PATIENCE", 0.05)
    with cards._turn:
        assert cards.card_png(CARD) is None


def test_few_threads_wait_to_draw_and_the_others_go_on_serving(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody who asks for a hundred pictures at once holds up no pages."""
    monkeypatch.setattr(cards, "draw_card", lambda card: card.title.encode())
    found: list[bytes | None] = []

    def ask(number: int) -> None:
        found.append(cards.card_png(replace(CARD, title=str(number))))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    with cards._turn:
        for thread in threads:
            thread.start()
        for _ in range(200):
            if len(found) == 8 - cards.WAITING:
                break
            time.sleep(0.01)
        refused = list(found)
    for thread in threads:
        thread.join(10)

    assert refused == [None] * (8 - cards.WAITING)
    assert len([png for png in found if png]) == cards.WAITING
    assert cards.card_png(CARD) is not None


def test_only_the_latest_pictures_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "KEPT", 3)
    monkeypatch.setattr(cards, "draw_card", lambda card: card.title.encode())

    for number in range(5):
        cards.card_png(replace(CARD, title=str(number)))

    assert list(cards._kept.values()) == [b"2", b"3", b"4"]


# == Served ==


@pytest.mark.django_db
def test_the_page_names_its_picture_and_the_picture_is_kept_for_ever(
    visitor: Client, petition: Petition
) -> None:
    make_entry(petition, 15_261)
    page = visitor.get(PATH).content.decode()
    url = page.partition('og:image" content="')[2].partition('"')[0]
    assert url.startswith(f"http://testserver.localhost{PATH}share.png?v=")

    named = visitor.get(url.removeprefix("http://testserver.localhost"))
    plain = visitor.get(f"{PATH}share.png")
    other = visitor.get(f"{PATH}share.png?v=0123456789ab")

    assert named.headers["Content-Type"] == "image/png"
    assert named.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert picture(named.content).size == (1200, 630)
    for answer in (plain, other):
        assert answer.content == named.content
        assert "immutable" not in answer.headers["Cache-Control"]
        assert answer.headers["ETag"] == named.headers["ETag"]


@pytest.mark.django_db
def test_tags_of_the_card(visitor: Client, petition: Petition) -> None:
    make_entry(petition, 15_261)
    petition.translations.create(language="fr", title="Libérez-les", text="…")

    english = visitor.get(PATH).content.decode()
    french = visitor.get(f"/fr{PATH}").content.decode()

    for tag in (
        '<meta property="og:title" content="Free the prisoners">',
        '<meta property="og:locale" content="en_US">',
        '<meta property="og:locale:alternate" content="fr_CA">',
        '<meta property="og:image:width" content="1200">',
        '<meta property="og:image:height" content="630">',
        '<meta property="og:image:alt" content="Free the prisoners – 15,000+ supporters">',
        '<meta name="twitter:card" content="summary_large_image">',
    ):
        assert tag in english
    assert '<meta property="og:title" content="Libérez-les">' in french
    assert '<meta property="og:locale" content="fr_CA">' in french
    assert "/fr/petitions/free-the-prisoners/share.png?v=" in french


@pytest.mark.django_db
def test_the_picture_changes_seldom(petition: Petition) -> None:
    def digest() -> str:
        found = Petition.objects.for_reading().get(pk=petition.pk)
        return cards.card_of(found).digest

    make_entry(petition, 15_261)
    before = digest()
    make_entry(petition, 4_000)
    while folding.fold():
        pass
    assert digest() == before

    make_entry(petition, 1_000)
    assert digest() != before


@pytest.mark.django_db
def test_a_text_in_arabic_has_its_own_picture(
    visitor: Client, petition: Petition
) -> None:
    petition.translations.create(language="ar", title=TITLES["Arabic"], text="…")

    page = visitor.get(f"{PATH}ar/").content.decode()
    arabic = visitor.get(f"{PATH}share.png?text=ar")
    english = visitor.get(f"{PATH}share.png")

    assert "share.png?v=" in page
    assert "&amp;text=ar" in page
    assert arabic.content != english.content
    assert inked(arabic.content)[2] > 1120
    assert visitor.get(f"{PATH}share.png?text=xx").status_code == 404


@pytest.mark.usefixtures("one_slot")
@pytest.mark.django_db
def test_the_picture_costs_no_more_with_more_signatures(
    visitor: Client, petition: Petition, django_assert_num_queries: Any
) -> None:
    for number in (1, 5_000):
        make_entry(petition, number)
        cards.forget_cards()
        page_cache.clear()
        with django_assert_num_queries(5):
            visitor.get(f"{PATH}share.png?v={number}")
    with django_assert_num_queries(0):
        visitor.get(f"{PATH}share.png?v=1")


@pytest.mark.django_db
def test_a_busy_moment_is_said(
    visitor: Client, petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards, "card_png", lambda card: None)

    response = visitor.get(f"{PATH}share.png")

    assert response.status_code == 503
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Retry-After"]


@pytest.mark.django_db
def test_a_card_says_how_it_stands(petition: Petition) -> None:
    def call(**fields: Any) -> str:
        made = make_petition(petition.organization, **fields)
        return cards.card_of(Petition.objects.for_reading().get(pk=made.pk)).call

    assert call() == "Sign the petition"
    assert call(state=State.PAUSED) == ""
    assert call(state=State.WON) == "Won"
    assert call(state=State.CLOSED) == "Closed"
    assert call(closes_at=timezone.now()) == "Closed"
    with translation.override("fr"):
        assert call(state=State.WON) == "Victoire"
        assert call(state=State.CLOSED) == "Terminée"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "english", "french"),
    [
        (State.OPEN, "", ""),
        (State.CLOSED, " – Closed", " – Terminée"),
        (State.WON, " – Won", " – Victoire"),
    ],
)
def test_who_hears_the_picture_is_told_that_it_has_ended(
    visitor: Client, state: State, english: str, french: str
) -> None:
    made = make_petition(slug="rivers", title="Clean rivers", state=state)
    make_entry(made, 12)

    for path, said in (
        ("", f"{english} – 10+ supporters"),
        ("/fr", f"{french} – Plus de 10 appuis"),
    ):
        page = visitor.get(f"{path}/petitions/rivers/").content.decode()
        alt = page.partition('og:image:alt" content="')[2].partition('"')[0]
        assert alt == f"Clean rivers{said}"


@pytest.mark.django_db
def test_nobody_is_petitioned_before_it_is_settled() -> None:
    made = make_petition(target=None)

    found = Petition.objects.for_reading().get(pk=made.pk)
    assert cards.card_of(found).petitioning == ""


@pytest.mark.django_db
def test_an_office_stands_there_while_one_person_is_petitioned(
    petition: Petition,
) -> None:
    petition.targets.all().delete()
    petition.targets.create(name="Ada Roe", office="Minister of Rivers")
    one = Petition.objects.for_reading().get(pk=petition.pk)
    assert cards.card_of(one).petitioning == "Petitioning Ada Roe, Minister of Rivers"

    petition.targets.create(name="Bo Doe", office="Minister", position=2)
    two = Petition.objects.for_reading().get(pk=petition.pk)
    assert cards.card_of(two).petitioning == "Petitioning Ada Roe and Bo Doe"
