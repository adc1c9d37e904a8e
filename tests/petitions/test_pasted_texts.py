"""What campaigners paste is published as they meant it; what people signed, as it was."""

from __future__ import annotations

import re

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.text.links import FOUND, MAILBOX
from organizations.models import Role
from petitions.markup import (
    COMMONMARK,
    LITERAL,
    NEWEST_DIALECT,
    PASTED,
    SPARING,
    excerpt,
    render,
)
from petitions.models import Answer, Correction, Petition, Translation, Update
from petitions.states import TextFormat
from tests.factories import (
    make_answer,
    make_member,
    make_organization,
    make_petition,
    make_signature,
    make_translation,
    make_update,
)

LETTER = """Free the river
Dear Minister,
We know what happened in 2019: nobody was asked.
Our demands:
•\tStop the dam
•\tPay the villagers
•\tPublish the study at https://example.org/study
30. Juni 2020 was the deadline.
\tYours,
\tMaya
\tOttawa
"""


def html_of(text: str, dialect: int = PASTED) -> str:
    return render(text, TextFormat.MARKDOWN, dialect)


def test_a_letter_from_a_word_processor() -> None:
    link = "https://example.org/study"

    assert html_of(LETTER) == (
        "<p>Free the river<br>\nDear Minister,<br>\n"
        "We know what happened in 2019: nobody was asked.<br>\nOur demands:</p>\n"
        "<ul>\n<li>Stop the dam</li>\n<li>Pay the villagers</li>\n"
        f'<li>Publish the study at <a href="{link}" rel="nofollow noopener ugc">{link}</a>'
        "</li>\n</ul>\n"
        "<p>30. Juni 2020 was the deadline.<br>\nYours,<br>\nMaya<br>\nOttawa</p>\n"
    )


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("30. Juni 2020 war es.\n\nDann:\n\n3. Drittens",
         "<p>30. Juni 2020 war es.</p>\n<p>Dann:</p>\n<p>3. Drittens</p>\n"),
        ("10. a\n11. b", "<p>10. a<br>\n11. b</p>\n"),
        ("1986) A year", "<p>1986) A year</p>\n"),
        # In a list, too, each number is the one that was typed.
        ("1. a\n2. b\n5. c", '<ol>\n<li>a</li>\n<li>b</li>\n<li value="5">c</li>\n</ol>\n'),
        ("1. May\n\n1. June", '<ol>\n<li>\n<p>May</p>\n</li>\n<li value="1">\n<p>June</p>\n</li>\n</ol>\n'),
        ("0. a\n1. b", '<ol start="0">\n<li>a</li>\n<li>b</li>\n</ol>\n'),
        ("- a\n30. Juni", "<ul>\n<li>a</li>\n</ul>\n<p>30. Juni</p>\n"),
        # A line below is no underline.
        ("We ask you.\n--\nMaya", "<p>We ask you.<br>\n--<br>\nMaya</p>\n"),
        ("We ask you.\n===\nMaya", "<p>We ask you.<br>\n===<br>\nMaya</p>\n"),
        ("We ask you.\n-----\nMaya", "<p>We ask you.</p>\n<hr>\n<p>Maya</p>\n"),
        # Indented, fenced or quoted backwards: still words.
        ("Demands:\n\n    Stop\n    Pay", "<p>Demands:</p>\n<p>Stop<br>\nPay</p>\n"),
        ("\tDear Minister", "<p>Dear Minister</p>\n"),
        ("~~~~\nMaya", "<p>~~~~<br>\nMaya</p>\n"),
        ("Hawai`i and O`ahu", "<p>Hawai`i and O`ahu</p>\n"),
        # A footnote is not swallowed.
        ("[1]: a report", "<p>[1]: a report</p>\n"),
        ("◦ a\n▪\u00a0b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
        # What is Markdown stays Markdown.
        ("# Ask\n\nA **fair** law\n- one", "<h2>Ask</h2>\n<p>A <strong>fair</strong> law</p>\n<ul>\n<li>one</li>\n</ul>\n"),
        ("– Bonjour", "<p>– Bonjour</p>\n"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dialect", [PASTED, LITERAL, SPARING])
def test_no_number_changes_and_nothing_becomes_what_nobody_meant(
    text: str, html: str, dialect: int
) -> None:
    assert html_of(text, dialect) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        # Signs that are part of words, numbers and notes.
        ("Bürger*innen und jede*r Aktivist*in", "Bürger*innen und jede*r Aktivist*in"),
        ("5*3*2 and (*) a [*] b (*)", "5*3*2 and (*) a [*] b (*)"),
        ("Price* is high.\n* incl. VAT", "Price* is high.<br>\n* incl. VAT"),
        ("+ 33 1 42 00\n+ 41 22", "+ 33 1 42 00<br>\n+ 41 22"),
        ("- 5 °C", "- 5 °C"),
        ("> 500 people", "&gt; 500 people"),
        ("###", "###"),
        ("# # #", "# # #"),
        ("AT&amp;T &lt;b&gt; &copy;", "AT&amp;amp;T &amp;lt;b&amp;gt; &amp;copy;"),
        ("Maya <maya> said", "Maya &lt;maya&gt; said"),
        ("[sic](later), a[0](b), ![x](y)", "[sic](later), a[0](b), ![x](y)"),
        ("✓ done", "✓ done"),
        # And what is still a mark.
        ("*a*, **b**, 中文*字*的, **Ur**teil ~~c~~",
         "<em>a</em>, <strong>b</strong>, 中文<em>字</em>的, <strong>Ur</strong>teil <s>c</s>"),
    ],
)  # fmt: skip
def test_a_sign_that_was_said_is_no_mark(text: str, html: str) -> None:
    assert html_of(text, LITERAL) == f"<p>{html}</p>\n"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("01. Januar 2026 war es.\n02. Februar",
         "<p>01. Januar 2026 war es.<br>\n02. Februar</p>\n"),
        (">>> Sign now <<<\n>> https", "<p>&gt;&gt;&gt; Sign now &lt;&lt;&lt;<br>\n&gt;&gt; https</p>\n"),
        ("- - - ✂ - - -", "<p>- - - ✂ - - -</p>\n"),
        ("* * women", "<p>* * women</p>\n"),
        # And what is meant.
        ("- - -", "<hr>\n"),
        ("0. a\n1. b", '<ol start="0">\n<li>a</li>\n<li>b</li>\n</ol>\n'),
        ("> > a", "<blockquote>\n<blockquote>\n<p>a</p>\n</blockquote>\n</blockquote>\n"),
    ],
)  # fmt: skip
def test_a_line_that_only_looks_like_markup_stays_a_line(text: str, html: str) -> None:
    assert html_of(text, SPARING) == html


@pytest.mark.django_db
@pytest.mark.parametrize("dialect", [PASTED, LITERAL])
def test_a_day_that_was_signed_as_an_item_stays_one(
    visitor: Client, dialect: int
) -> None:
    petition = make_petition(text="01. Januar")
    Petition.objects.update(dialect=dialect)
    petition.refresh_from_db()
    make_signature(petition)

    petition.save()

    page = visitor.get(petition.get_absolute_url()).content.decode()
    assert "<li>Januar</li>" in page


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("* a\n* b", "a b"),
        ("- 300 people\n- 400 people", "300 people|400 people"),
        ("⁃ a\n⁃ b", "a b"),
        ("❖\ta\n►\tb", "a b"),
        ("o\ta\no\tb", "a b"),
        ("–\ta\n–\tb", "a b"),
    ],
)
def test_what_word_processors_draw_before_items_is_a_list(
    text: str, items: str
) -> None:
    parts = items.split("|") if "|" in items else items.split()
    lines = "".join(f"<li>{part}</li>\n" for part in parts)

    assert html_of(text, LITERAL) == f"<ul>\n{lines}</ul>\n"


@pytest.mark.parametrize(
    ("address", "href"),
    [
        ("example.org/report", "https://example.org/report"),
        ("www.example.org", "https://www.example.org"),
        ("maya@example.org", "mailto:maya@example.org"),
        ("HTTPS://example.org/x_y", "HTTPS://example.org/x_y"),
        ("/petitions/other/", "/petitions/other/"),
        ("url", None),
        ("#fn1", None),
        ("//example.org", None),
        ("report.pdf", None),
        ("tel:+33142", None),
    ],
)
def test_a_link_leads_where_its_writer_meant_or_is_none(
    address: str, href: str | None
) -> None:
    html = html_of(f"See [our report]({address}).", LITERAL)

    if href is None:
        assert html == f"<p>See [our report]({address}).</p>\n"
    else:
        assert f'<a href="{href}" rel="nofollow noopener ugc">our report</a>' in html


def test_a_text_of_a_dialect_to_come_is_shown() -> None:
    """While a site is updated, by processes of the release before."""
    assert html_of("*a*", NEWEST_DIALECT + 1) == "<p><em>a</em></p>\n"
    assert excerpt("word " * 500 + "\n\nEnd.", TextFormat.MARKDOWN, NEWEST_DIALECT + 1)[
        1
    ]


@pytest.mark.django_db
def test_a_text_signed_in_the_dialect_before_stays_as_it_was(visitor: Client) -> None:
    petition = make_petition(text="Bürger*innen und Leser*innen")
    Petition.objects.update(dialect=PASTED)
    petition.refresh_from_db()
    make_signature(petition)

    petition.save()

    page = visitor.get(petition.get_absolute_url()).content.decode()
    assert "Bürger<em>innen und Leser</em>innen" in page


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("See https://example.org/a_b_c*d*?x=1&y=2.", ["https://example.org/a_b_c*d*?x=1&amp;y=2"]),
        ("(https://example.org/a_(b)), www.example.org!", ["https://example.org/a_(b)", "https://www.example.org"]),
        ("**https://example.org** or HTTP://EXAMPLE.ORG/X", ["https://example.org", "http://EXAMPLE.ORG/X"]),
        ("请看https://example.org/a。请", ["https://example.org/a"]),
        ("Write to maya@example.org.", ["mailto:maya@example.org"]),
        ("Write to maya.o'brien@example.org.", ["mailto:maya.o'brien@example.org"]),
        # No link is better than one to another mailbox.
        ("o’brien@example.org", []),
        ("d'info@example.org, l’info@example.org, 'a@example.org'",
         ["mailto:info@example.org", "mailto:info@example.org", "mailto:a@example.org"]),
        ("ainsi qu'info@example.org, qu’info@example.org, Jusqu'info@example.org",
         ["mailto:info@example.org"] * 3),
        ("c'a@example.org, j’b@example.org, s'c@example.org, lorsqu'd@example.org",
         [f"mailto:{name}@example.org" for name in "abcd"]),
        ("d'o'brien@example.org", ["mailto:o'brien@example.org"]),
        # An elision before a verb, or the beginning of a name.
        ("n'diaye@example.org, m’bow@example.org, t'a@example.org", []),
        ("a/o'brien@example.org, a'b'c'd'e@example.org", []),
        (f"{'a' * 64}@example.org, {'b' * 65}@example.org, x-d’info@example.org",
         [f"mailto:{'a' * 64}@example.org"]),
        ("[a page](https://example.org/)", ["https://example.org/"]),
        ("[https://a.org](https://example.org/)", ["https://example.org/"]),
        ("Stop the dam.It is late. e.g. 3.to https:// javascript:alert(1) //x.org", []),
    ],
)  # fmt: skip
def test_addresses_become_links(text: str, links: list[str]) -> None:
    html = html_of(text)

    assert [a.lower() for a in re.findall(r'href="([^"]*)"', html)] == [
        a.lower() for a in links
    ]
    assert html.count("</a>") == len(links)


def test_no_search_for_a_mailbox_goes_on_to_the_end_of_the_text() -> None:
    # It may begin anew at each apostrophe: the time would be that of their square.
    assert re.search(r"[\])][*+]|,\}", MAILBOX) is None
    limit = "a" * 64
    longest = "'".join([limit] * 4) + "@example.org"

    assert FOUND.match(longest)
    assert FOUND.match(f"a{longest}") is None
    assert FOUND.match(f"a'{longest}") is None


def test_addresses_become_links_in_plain_text() -> None:
    html = render("See https://example.org/a&b.\n<b>", TextFormat.PLAIN, PASTED)

    assert html == (
        '<p class="plain">See <a href="https://example.org/a&amp;b" '
        'rel="nofollow noopener ugc">https://example.org/a&amp;b</a>.\n&lt;b&gt;</p>\n'
    )
    assert "<a " not in render("https://example.org", TextFormat.PLAIN, COMMONMARK)


@pytest.mark.parametrize(
    "text",
    ["://" * 13_000, "https://x" + ")" * 39_000, "[" * 40_000, "https://x.org " * 2_800,
     "x@" + "a." * 19_000, "*a " * 13_000],
)  # fmt: skip
def test_a_hostile_text_is_read_in_a_moment(text: str) -> None:
    started = timezone.now()

    html_of(text)

    assert (timezone.now() - started).total_seconds() < 5


def test_a_long_letter_is_cut_where_it_was_broken() -> None:
    text = "\n\n".join(["•\tone\n•\ttwo"] + ["word " * 120] * 9)

    shown, cut = excerpt(text, TextFormat.MARKDOWN, PASTED)

    assert cut
    assert shown.startswith("•\tone\n•\ttwo\n")
    assert html_of(shown).startswith("<ul>\n<li>one</li>\n<li>two</li>\n</ul>")


# == What was signed ==

OLD = "One\ntwo\n\n30. Juni"
AS_SIGNED = "<p>One\ntwo</p>"
AS_MEANT = "<p>One<br>\ntwo</p>\n<p>30. Juni</p>"


def of_old(row: Petition | Translation | Update | Answer) -> None:
    """As a row that was there before there were dialects."""
    type(row)._default_manager.filter(pk=row.pk).update(dialect=COMMONMARK)
    row.refresh_from_db()


@pytest.mark.django_db
def test_a_signed_text_stays_as_it_was(visitor: Client) -> None:
    petition = make_petition(text=OLD)
    translation = make_translation(petition, "fr", text=OLD)
    of_old(petition)
    of_old(translation)
    make_signature(petition)

    petition.save()
    translation.save()

    for path in (petition.get_absolute_url(), "/fr" + petition.get_absolute_url()):
        page = visitor.get(path).content.decode()
        assert AS_SIGNED in page
        assert AS_MEANT not in page
    feed = visitor.get(
        reverse("petitions:organization_feed", args=[petition.organization.slug])
    )
    assert "&lt;p&gt;One\ntwo&lt;/p&gt;" in feed.content.decode()


@pytest.mark.django_db
def test_the_database_keeps_the_dialect_of_a_signed_text() -> None:
    petition = make_petition(text=OLD)
    translation = make_translation(petition, "fr", text=OLD)
    of_old(petition)
    of_old(translation)
    make_signature(petition)

    for row in (petition, translation):
        rows = type(row)._default_manager.filter(pk=row.pk)
        with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
            rows.update(dialect=NEWEST_DIALECT)


@pytest.mark.django_db
def test_a_text_that_nobody_signed_moves_on_when_it_is_saved(
    visitor: Client,
) -> None:
    petition = make_petition(text=OLD)
    of_old(petition)
    assert AS_SIGNED in visitor.get(petition.get_absolute_url()).content.decode()

    petition.save()

    assert petition.dialect == NEWEST_DIALECT
    assert AS_MEANT in html_of(petition.text)


@pytest.mark.django_db
def test_a_text_that_is_written_anew_below_a_signed_one_is_new() -> None:
    petition = make_petition(text=OLD)
    of_old(petition)
    make_signature(petition)

    translation = make_translation(petition, "fr", text=OLD)

    assert translation.dialect == NEWEST_DIALECT
    petition = Petition.objects.get(pk=petition.pk)
    assert petition.words_in("fr").dialect == NEWEST_DIALECT
    assert petition.words_in("en").dialect == COMMONMARK


@pytest.mark.django_db
def test_a_correction_shows_the_passage_as_it_was_signed(visitor: Client) -> None:
    petition = make_petition(text=OLD)
    of_old(petition)
    make_signature(petition)
    Correction.objects.create(
        petition=petition, before="One\ntwo", after="One\nthree", text="30. Juni\nB"
    )

    page = visitor.get(petition.get_absolute_url()).content.decode()

    assert "<p>One<br>\nthree</p>" in page
    assert "<p>30. Juni<br>\nB</p>" in page
    assert page.count(AS_SIGNED) == 2


@pytest.mark.django_db
def test_news_and_answers_are_new_when_they_are_saved(visitor: Client) -> None:
    petition = make_petition(text="Text.")
    update = make_update(petition, text=OLD)
    answer = make_answer(petition, text=OLD, text_format=TextFormat.MARKDOWN)
    for row in (update, answer):
        of_old(row)

    update.save()
    answer.text += "\n\nMore."
    answer.save()

    assert AS_MEANT in visitor.get(update.get_absolute_url()).content.decode()
    assert AS_MEANT in visitor.get(petition.get_absolute_url()).content.decode()
    revision = answer.revisions.get()
    assert (revision.text, revision.dialect) == (OLD, COMMONMARK)


@pytest.mark.django_db
def test_the_preview_shows_what_saving_would_publish(client: Client) -> None:
    petition = make_petition(text=OLD)
    of_old(petition)
    client.force_login(make_member(petition.organization, Role.EDITOR))

    page = client.post(
        f"/admin/petitions/petition/{petition.pk}/preview/",
        {"title": "T", "text": OLD, "text_format": "markdown"},
    )

    assert AS_MEANT in page.content.decode()


@pytest.mark.django_db
def test_lines_of_what_else_is_written_stay(visitor: Client) -> None:
    organization = make_organization(description="See https://example.org.\nOr call.")
    petition = make_petition(
        organization, ask="Sign.\nRatify.", state="won", outcome="Signed.\nRatified."
    )
    make_signature(petition, comment="One\ntwo", show_name=True)
    petition.signatures.update(comment_approved=True)

    profile = visitor.get(organization.get_absolute_url()).content.decode()
    page = visitor.get(petition.get_absolute_url()).content.decode()

    assert '<a href="https://example.org" rel="nofollow noopener ugc">' in profile
    assert ".<br>Or call." in profile
    for lines in ("Sign.<br>Ratify.", "Signed.<br>Ratified.", "One<br>two"):
        assert lines in page
