"""The search: in the language of each text, forgiving, ranked, marked, never slow."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.postgres.search import SearchVector
from django.db.models import Value
from django.test import Client
from django.utils import timezone, translation

from organizations.models import Organization
from petitions.models import Petition, SearchDocument, SearchWord, Target
from petitions.search import (
    reindexing,
    searching,
)
from petitions.search.searching import (
    SearchResults,
)
from petitions.states import State
from tests.factories import make_organization, make_petition, make_translation
from tests.helpers import text_of
from tests.petitions.search.helpers import find

pytestmark = pytest.mark.django_db


def titles(found: SearchResults) -> list[str]:
    by_number = Petition.objects.in_bulk(list(found.texts))
    return [by_number[number].title for number in found.texts]


# == Words in each language ==


@pytest.mark.parametrize(
    ("language", "title", "words"),
    [
        ("fr", "Signez la déclaration", "declaration"),
        ("fr", "Signez la déclaration", "DÉCLARATIONS"),
        ("fr", "Libérez les prisonnières", "prisonniere"),
        ("en", "Free the prisoners", "prisoner"),
        ("en", "A café for all", "cafe"),
        ("en", "Sign the declaration", "déclaration"),
        ("es", "Derechos de las mujeres", "mujer"),
        ("de", "Freiheit für die Häftlinge", "haftling"),
        ("ru", "Свобода заключённым", "свободы"),
        ("ar", "الحرية للسجناء", "الحرية"),
        ("zh-Hant", "釋放 良心犯", "良心犯"),
        ("el", "Ελευθερία στους κρατούμενους", "ελευθερία"),
        ("crk", "kiskinwahamakewin", "Kiskinwahamakewin"),
    ],
)
def test_words_are_found_in_their_language(
    organization: Organization, language: str, title: str, words: str
) -> None:
    make_petition(organization, title=title, language=language, text="x")

    found = find(words)

    assert titles(found) == [title]
    assert found.exact == 1


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ("Myanmar", "Mianmar"),
        ("Mianmar", "Myanmar"),
        ("torture", "tortrue"),
        ("treaty", "traety"),
        ("prisonnières", "prisonieres"),
        ("Guantánamo", "guantanmo"),
    ],
)
def test_a_mistyped_word_finds_what_was_meant(
    organization: Organization, there: str, words: str
) -> None:
    make_petition(organization, title=f"About {there}")

    found = find(words)

    assert titles(found) == [f"About {there}"]
    assert found.exact == 0
    assert len(found.alike) == 1


def test_words_alike_come_after_the_words_themselves(
    organization: Organization,
) -> None:
    make_petition(organization, title="Peace in Myanmar")
    make_petition(organization, title="Peace in Mianmar")

    found = find("mianmar")

    assert titles(found) == ["Peace in Mianmar", "Peace in Myanmar"]
    assert found.exact == 1
    assert found.alike == ["myanmar"]


def test_a_plural_is_no_mistake(organization: Organization) -> None:
    make_petition(organization, title="Prisoners")
    make_petition(organization, title="A prisoner")

    found = find("prisoner")

    assert found.exact == 2
    assert found.alike == []


def test_excluded_words_stay_excluded_among_words_alike(
    organization: Organization,
) -> None:
    make_petition(organization, title="Torture in prisons")
    make_petition(organization, title="Torture in schools")

    found = find("tortrue -schools")

    assert titles(found) == ["Torture in prisons"]


# == Joined and separate spellings ==


@pytest.mark.parametrize(
    ("language", "title", "words"),
    [
        ("th", "ปฏิญญาสากลว่าด้วยสิทธิมนุษยชน", "สิทธิ"),
        ("zh", "世界人权宣言", "人权"),
        ("zh", "一封支持理查德·斯托曼的公开信", "支持"),
        ("zh", "世界人权宣言", "权"),
        ("ja", "世界人権宣言", "人権"),
        ("ja", "リチャード・ストールマン氏を支援する公開書簡", "公開書簡"),
        ("ja", "ﾏｲﾅﾝﾊﾞｰ制度", "マイナンバー"),
        ("km", "សេចក្ដីប្រកាសជាសកលស្ដីពីសិទ្ធិមនុស្ស", "សិទ្ធិ"),
        ("lo", "ປະກາດສາກົນ ກ່ຽວກັບສິດຂອງມະນຸດ", "ສິດ"),
        ("my", "အပြည်ပြည်ဆိုင်ရာလူ့အခွင့်အရေး", "အခွင့်အရေး"),
        ("ml", "മനുഷ്യാവകാശങ്ങളെക്കുറിക്കുന്ന പ്രഖ്യാപനം", "മനുഷ്യാവകാശ"),
        ("ko", "학교는 인력센터, 취업센터가 아닙니다", "학교"),
        ("ko", "인권을 지키자", "인권"),
        ("en", "艾未未 must go free", "艾未未 free"),
        ("de", "Die Menschen\u00adrechte", "Menschenrechte"),
        ("de", "Das Quell\u200bwasser", "Quellwasser"),
        ("de", "Die Menschenrechte", "Menschen\u00adrechte"),
        ("en", "Save the swimming pool", "swimming-pool"),
        ("en", "Save the swimming-pool", "swimming pool"),
        ("en", "COVID19 help", "covid-19"),
        ("en", "Covid-19 help", "covid19"),
        ("en", "Covid 19 help", "covid19"),
        ("en", "No more e-mail", "email"),
        ("en", "Air\u2011raid shelters", "air-raid"),
        ("en", "Land/water rights", "water"),
        ("en", "Rights.Now is what we ask", "rights now"),
        ("en", "ＦＲＥＥ them", "free"),
        ("es", "Derechos de las mujeres", "mujer"),
        ("en", "O’Brien must go", "obrien"),
        ("en", "O'Brien must go", "o’brien"),
        ("fr", "Aujourd’hui", "aujourdhui"),
        ("fr", "L’eau d’Haïti", "haiti"),
        ("haw", "Hawaiʻi", "hawaii"),
        ("haw", "Hawaiʻi", "hawai'i"),
        ("uk", "П'ять", "пʼять"),
        ("en", "Bill C-12", "c12"),
        ("en", "€1,000 for all", "1000"),
        ("en", "1000 for all", "1,000"),
        ("fr", "1\u202f000 € pour tous", "1000"),
        ("fr", "10\u00a0000 personnes", "10 000"),
        ("en", "U.S.A. now", "usa"),
        ("en", "USA now", "u.s.a."),
        ("en", "The N.H.S.", "nhs"),
        ("en", "Repeal Bill C69", "bill c-69"),
        ("en", "Repeal Bill C69", "c 69"),
        ("en", "Repeal Bill C-69", "C 69"),
        ("en", "Repeal Bill C 69", "c69"),
        ("en", "Repeal Bill C 69", "C-69 repeal"),
        ("en", "G7 summit", "g-7"),
        ("en", "MH 370", "mh370"),
        ("en", "5G towers", "5-g"),
        ("en", "AT&T must answer", "at&t"),
        ("en", "AT&T must answer", "at & t"),
        ("en", "AT & T must answer", "AT&T answer"),
        ("en", "R & D for all", "r&d"),
        ("en", "Wifi for all", "wi-fi"),
        ("en", "Coop homes", "co-op"),
        ("en", "Don’t mine here", "dont"),
        ("en", "Dont mine here", "don't mine"),
        ("en", "Dont mine here", "don’t"),
        ("en", "Children’s rights", "childrens rights"),
        ("fr", "L’eau pour tous", "l'eau"),
        ("fr", "L’eau pour tous", "leau"),
        ("fr", "Eau pour tous", "l’eau"),
        ("fr", "L’école", "lecole"),
        ("he", "שָׁלוֹם", "שלום"),
        ("he", "צה״ל", "צהל"),
        ("fa", "آزادی می\u200cخواهیم", "میخواهیم"),
    ],
)
def test_words_are_found_however_they_are_joined(
    organization: Organization, language: str, title: str, words: str
) -> None:
    """Parts of titles from other sites, and how readers searched for them."""
    make_petition(organization, title=title, language=language, text="x")

    found = find(words)

    assert titles(found) == [title]
    assert found.exact == 1


@pytest.mark.parametrize(
    ("language", "title", "words"),
    [
        ("en", "Require all single-stall restrooms to be unisex", "Stallman"),
        ("en", "A pool for swimming", "swimming-pool"),
        ("zh", "世界和人的权", "人权"),
        ("zh", "世界人权宣言", '"宣人"'),
    ],
)
def test_words_that_are_no_words_of_the_text_do_not_find_it(
    organization: Organization, language: str, title: str, words: str
) -> None:
    make_petition(organization, title=title, language=language, text="x")
    # In these languages, the stems of the words searched for occur in the text.
    for other in ("hu", "da", "sv", "de"):
        make_petition(organization, title="Andet", language=other, text="x")

    assert find(words).exact == 0


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("c-69 -tax", ["Repeal C69"]),
        ("c-69 repeal", ["Repeal C69", "Repeal the tax of C 69"]),
        ("repeal -c-69", ["Repeal C 70", "Repeal C69"]),
        ('"c 69" -"the tax"', []),
        ("c70 or c-71", ["Repeal C 70"]),
    ],
)
def test_other_spellings_leave_what_was_excluded_or_quoted(
    organization: Organization, words: str, found: list[str]
) -> None:
    for title in ("Repeal C69", "Repeal the tax of C 69", "Repeal C 70"):
        make_petition(organization, title=title, text="x")

    assert sorted(titles(find(words))) == found


def test_what_is_inside_a_word_is_excluded_and_marked(
    visitor: Client, organization: Organization
) -> None:
    make_petition(organization, title="世界人权宣言", language="zh")
    make_petition(organization, title="世界和平", language="zh")

    assert titles(find("世界 -人权")) == ["世界和平"]
    page = visitor.get("/petitions/?q=人权").content.decode()
    assert "世界<mark>人权</mark>宣言" in page


def test_the_number_is_that_of_those_with_the_words(
    visitor: Client, organization: Organization
) -> None:
    """Petitions with similar words are listed apart, under a heading, whatever the
    order."""
    make_petition(organization, title="Stop fracking")
    for number in range(3):
        make_petition(organization, title=f"Stop cracking {number}")

    for sort in ("", "&sort=newest", "&sort=supporters"):
        page = text_of(visitor.get(f"/petitions/?q=fracking{sort}"))
        assert "1 petition for “fracking”." in page
        heading = page.index("With words like these: cracking")
        assert page.index("Stop fracking") < heading < page.index("Stop cracking 0")


def test_documents_of_an_earlier_version_are_made_anew(
    organization: Organization,
) -> None:
    make_petition(organization, title="世界人权宣言", language="zh")
    SearchDocument.objects.update(
        version=0, head=SearchVector(Value("x")), whole=SearchVector(Value("x"))
    )
    assert find("人权").exact == 0

    assert reindexing.reindex_round(timezone.now()) is False

    assert find("人权").exact == 1
    assert SearchDocument.objects.get().version == reindexing.VERSION


# == What is searched, and in which order ==


def test_title_comes_before_ask_and_text(organization: Organization) -> None:
    for number, values in enumerate(
        (
            {"title": "In the text", "text": "About whales."},
            {"title": "In the ask", "ask": "Save whales."},
            {"title": "Whales"},
            {"title": "Elsewhere"},
        )
    ):
        make_petition(organization, slug=f"p-{number}", **values)

    assert titles(find("whale")) == ["Whales", "In the ask", "In the text"]


def test_summary_targets_and_organisation_are_searched(
    organization: Organization,
) -> None:
    petition = make_petition(
        organization, title="T", summary="For rivers.", target="Stéphane Dion"
    )
    petition.targets.update(office="Minister of Foreign Affairs", organisation="Canada")

    for words in ("river", "stephane", "foreign affairs", "canada", "Rights Now"):
        assert titles(find(words)) == ["T"], words
    # The words may be in different parts.
    assert titles(find("dion rights river")) == ["T"]
    assert titles(find("dion wrongs rivers")) == []


def test_phrases_exclusions_and_alternatives(organization: Organization) -> None:
    make_petition(organization, title="End torture now")
    make_petition(organization, title="Now end it, for torture is wrong")

    assert titles(find('"end torture"')) == ["End torture now"]
    assert titles(find("torture -wrong")) == ["End torture now"]
    assert len(titles(find("nothing or torture"))) == 2


def test_a_search_prefers_the_readers_language_and_finds_others(
    organization: Organization,
) -> None:
    make_petition(organization, title="Justice for all", language="en")
    make_petition(organization, title="La justice pour tous", language="fr")
    both = make_petition(organization, title="Justice here", language="en")
    make_translation(both, "fr", title="Justice ici", text="Un texte.")

    with translation.override("fr"):
        french = find("justice")
    english = find("justice")

    assert set(titles(french)[:2]) == {"La justice pour tous", "Justice here"}
    assert french.texts[both.pk] == "fr"
    assert titles(french)[2] == "Justice for all"
    assert english.texts[both.pk] == "en"
    assert titles(english)[2] == "La justice pour tous"


def test_so_many_are_found_and_no_more(
    visitor: Client, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those with the word in their head come first, even if they are older."""
    now = timezone.now()
    for number in range(2):
        title, day = f"Hearings {number}", now - timedelta(days=9)
        make_petition(organization, title=title, opens_at=day)
    for number in range(3):
        make_petition(organization, title=f"Other {number}", text="Of hearings.")
    assert (len(find("hearings").texts), find("hearings").more) == (5, False)

    monkeypatch.setattr(searching, "CANDIDATES", 3)
    found = find("hearings")

    assert sorted(titles(found))[:2] == ["Hearings 0", "Hearings 1"]
    assert (len(found.texts), found.more) == (3, True)
    page = text_of(visitor.get("/petitions/?q=hearings"))
    assert "At least 3 petitions for “hearings”" in page


# == Whatever is typed ==


@pytest.mark.parametrize(
    "words",
    [
        "", " ", "the", "the of and", "-torture", "the -torture", '"', '""', '"the"',
        "\U0001f54a", "%", "%%", "\\", "_", "a\0b", "\0", "'", "''", "&", "|", "!", "(",
        ":*", "a:*", "!!a", "<->", "a <-> b", "or", "or or", "- -", "-", "--", "-\"a b",
        "x" * 300, "a " * 150, "torture " * 40, "é" * 300, "\ud800", "١٢", "<mark>",
        "a\u202eb", "\ue000", "ʼ", "http://example.org/?a=b&c", "me@example.org",
        "-" * 50, "- " * 90, "-&" * 90, "-- a b --" * 20, "-!torture " * 18,
        "-1", "1e400", "NaN", "\u3000", "\n", "🏳️‍🌈 torture",
    ],
)  # fmt: skip
def test_anything_may_be_typed(petition: Petition, words: str) -> None:
    found = find(words.encode("utf-8", "replace").decode())

    assert isinstance(found.texts, dict)


# == Kept by the database ==


def test_drafts_and_withdrawn_ones_are_not_there(organization: Organization) -> None:
    draft = make_petition(organization, title="Secretive", state=State.DRAFT)
    assert not SearchDocument.objects.exists()
    assert not SearchWord.objects.exists()

    draft.publish(now=timezone.now())
    assert titles(find("secretive")) == ["Secretive"]

    draft.withdraw(now=timezone.now())
    assert not SearchDocument.objects.exists()


def test_one_that_opens_later_is_not_found_before(organization: Organization) -> None:
    later = timezone.now() + timedelta(days=1)
    make_petition(organization, title="Tomorrow", opens_at=later)

    assert titles(find("tomorrow")) == []
    assert titles(find("tomorrow", now=later)) == ["Tomorrow"]


def test_every_change_is_found_at_once(organization: Organization) -> None:
    petition = make_petition(organization, title="Alpha", target="Somebody")
    rows = Petition.objects.filter(pk=petition.pk)

    rows.update(title="Gamma")
    assert (titles(find("alpha")), titles(find("gamma"))) == ([], ["Gamma"])
    rows.update(summary="About otters")
    assert titles(find("otter")) == ["Gamma"]

    petition.targets.update(name="Nobody")
    assert titles(find("somebody")) == []
    added = Target.objects.create(petition=petition, name="Council", position=2)
    assert titles(find("council")) == ["Gamma"]
    added.delete()
    assert titles(find("council")) == []

    text = make_translation(petition, "es", title="Gatos", text="Perros")
    assert titles(find("gato")) == titles(find("perro")) == ["Gamma"]
    text.delete()
    assert titles(find("gato")) == []

    Organization.objects.filter(pk=organization.pk).update(name="Friends of Rain")
    assert titles(find("rain")) == ["Gamma"]
    assert titles(find("rights")) == []


def test_what_others_change_costs_nothing_here(petition: Petition) -> None:
    """Changing a column that is not searched does not rewrite the document."""
    before = SearchDocument.objects.get().pk

    Petition.objects.update(goal=500, outcome="Done.")

    assert SearchDocument.objects.get().pk == before


# == Scopes ==


def test_scopes_narrow(organization: Organization) -> None:
    other = make_organization("Others")
    make_petition(organization, title="Open whales")
    make_petition(organization, title="Won whales", state=State.WON)
    make_petition(other, title="Whales of others")

    assert titles(find("whales", organization=other.pk)) == ["Whales of others"]
    assert titles(find("whales", states=(State.WON,))) == ["Won whales"]


# == Marks ==


def test_hits_are_marked_and_everything_else_is_escaped(
    organization: Organization,
) -> None:
    make_petition(organization, title="x")
    query = find("déclaration").query

    (html,) = searching.highlighted(
        query,
        [("fr", "La <b>Déclaration</b> & </mark>\ue000", searching.WHOLE)],
    )

    assert html == (
        "La &lt;b&gt;<mark>Déclaration</mark>&lt;/b&gt; &amp; &lt;/mark&gt;"
    )


@pytest.mark.parametrize(
    ("language", "title", "words"),
    [
        ("de", "Bundesverfassungsgericht anrufen", "Verfassungsgericht"),
        ("de", "Fußgängerzone jetzt", "Fussgänger"),
        ("nl", "Mensenrechtenverdrag", "rechtenverdrag"),
        ("bg", "Правата на човека", "права"),
        ("bn", "মানবাধিকারের ঘোষণা", "মানবাধিকার"),
        ("gu", "માનવ અધિકારોની ઘોષણા", "અધિકારો"),
    ],
)
def test_a_longer_word_is_like_the_one_that_it_is_made_of(
    organization: Organization, language: str, title: str, words: str
) -> None:
    make_petition(organization, title=title, language=language, text="x")

    found = find(words)

    assert titles(found) == [title]
    assert found.exact == 0


@pytest.mark.parametrize(
    ("language", "title", "words", "alike"),
    [
        ("en", "Save the swimming pool", "swimmingpool", ["swimming pool"]),
        ("fr", "Sauvez l’arrière-pays", "arrièrepays", ["arriere pays"]),
        ("en", "Netzero by 2050", "net zero", ["netzero"]),
        ("en", "#BlackLivesMatter", "black lives matter", ["blacklivesmatter"]),
        ("en", "Metoo", "me too", ["metoo"]),
    ],
)
def test_a_blank_too_many_or_too_few_is_a_slip(
    organization: Organization,
    language: str,
    title: str,
    words: str,
    alike: list[str],
) -> None:
    make_petition(organization, title=title, language=language, text="x")
    make_petition(organization, title="A pool, once for swimming", text="x")

    found = find(words)

    assert titles(found) == [title]
    assert (found.exact, found.alike) == (0, alike)


def test_a_short_word_is_like_none_that_holds_it(organization: Organization) -> None:
    make_petition(organization, title="Careers, bright copyrights", text="x")

    assert [titles(find(words)) for words in ("care", "brig", "right")] == [
        [],
        [],
        ["Careers, bright copyrights"],  # one letter more
    ]
    assert find("rights").alike == []


@pytest.mark.parametrize(
    ("title", "words"),
    [("كتاب برای همه", "کتاب"), ("کتاب برای همه", "كتاب"), ("آزادي زندانيان", "آزادی")],
)
def test_letters_of_arabic_and_persian_keyboards_are_the_same(
    organization: Organization, title: str, words: str
) -> None:
    make_petition(organization, title=title, language="fa", text="x")

    assert titles(find(words)) == [title]
