"""Whatever is thrown at the site gets a sentence and a 4xx, never a 500, and nothing
of it is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.text.characters import (
    clean_line,
    clean_text,
)
from petitions.identity.same_person import delete_signatures
from petitions.models import OutgoingMail, Petition, Signature
from tests.helpers import text_of

pytestmark = pytest.mark.django_db

SIGN = "/petitions/free-the-prisoners/sign/"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Case:
    status: int
    sentence: str
    body: bytes = b""
    content_type: str = FORM
    path: str = SIGN
    headers: tuple[tuple[str, str], ...] = ()


def form(**fields: str) -> bytes:
    return urlencode({"name": "Maya", "email": "maya@example.org", **fields}).encode()


ADDRESS = "Enter an e-mail address such as name@example.org"
UNREADABLE = "Something in it cannot be read. Type it again, without line breaks."
IN_LINE = "Character %d (U+FFFD) cannot be read. Type it anew."
NAME = "Enter your full name"

CASES = {
    "empty": Case(422, NAME),
    "only spaces": Case(422, NAME, form(name="  \u00a0\u2003 ")),
    "10,000 characters in the name": Case(
        422, "Enter a name of at most 200 characters", form(name="x" * 10_000)
    ),
    "10,000 characters in the address": Case(
        422, ADDRESS, form(email="x" * 10_000 + "@example.org")
    ),
    "10,000 characters in the comment": Case(
        422,
        "Shorten your comment to 1,000 characters; it has 10,000",
        form(comment="x" * 10_000),
    ),
    "null byte in the address": Case(422, UNREADABLE, form(email="ma\0ya@example.org")),
    "lone surrogate": Case(422, IN_LINE % 1, b"name=%ED%A0%80&email=maya@example.org"),
    "bytes that are no text": Case(
        422, IN_LINE % 1, b"name=%FF%FE&email=maya@example.org"
    ),
    "replacement character": Case(422, IN_LINE % 3, form(name="Ma\ufffdya")),
    "replacement character in a comment": Case(
        422,
        "Line 2, character 4 (U+FFFD) cannot be read. Type it anew.",
        form(comment="One\r\ntwo\ufffd"),
    ),
    "bell in the address": Case(422, UNREADABLE, form(email="ma\x07ya@example.org")),
    "header injection in the address": Case(
        422, UNREADABLE, form(email="maya@example.org\r\nBcc: all@example.org")
    ),
    "two addresses": Case(
        422,
        "Enter one e-mail address alone",
        form(email="a@example.org, b@example.org"),
    ),
    "two addresses, one in brackets": Case(
        422, ADDRESS, form(email="ada@example.org <maya@example.org>")
    ),
    "address of nowhere": Case(422, "Did you mean", form(email="maya@gmail.c")),
    "address in an encoded word": Case(
        422, ADDRESS, form(email="=?utf-8?q?ada=40evil.test=3e?=@example.org")
    ),
    "address without a domain": Case(422, ADDRESS, form(email="maya@")),
    "address of this machine": Case(422, ADDRESS, form(email="root@localhost")),
    "address of a number": Case(422, ADDRESS, form(email="maya@[127.0.0.1]")),
    "answer that is none": Case(422, "Choose yes or no", form(updates="maybe")),
    "5 MB": Case(413, "That is too much at once", form(comment="x" * 5 * 2**20)),
    "JSON": Case(415, "This form cannot be read", b'{"name": "M"}', "application/json"),
    "text": Case(415, "This form cannot be read", b"name=M", "text/plain"),
    "no type at all": Case(415, "This form cannot be read", form(), ""),
    "broken multipart": Case(
        400, "This request cannot be read", b"x", "multipart/form-data; boundary="
    ),
    "multipart cut short": Case(
        422,
        NAME,
        b'--b\r\nContent-Disposition: form-data; name="na',
        "multipart/form-data; boundary=b",
    ),
    "another charset": Case(
        415, "This form cannot be read", form(), f"{FORM}; charset=utf-16"
    ),
    "a charset that is none": Case(
        415, "This form cannot be read", form(), f"{FORM}; charset=hex"
    ),
    "nothing to be seen of a name": Case(
        422, "Enter your full name", form(name="\u3164\u200b\u00ad")
    ),
    "a name without a letter": Case(422, "Enter your full name", form(name="555-0100")),
    "too many fields": Case(
        400, "This request cannot be read", b"&".join(b"f%d=1" % n for n in range(2000))
    ),
    "another site": Case(
        403,
        "The form was sent from another site",
        form(),
        headers=(("origin", "https://evil.example"),),
    ),
    "unknown petition": Case(
        404, "There is nothing here", form(), path="/petitions/no-such-thing/sign/"
    ),
}


def send(case: Case) -> Any:
    client = Client(headers={"host": "localhost"}, raise_request_exception=True)
    return client.generic(
        "POST", case.path, case.body, case.content_type, headers=dict(case.headers)
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_bad_input_gets_a_sentence_and_is_not_stored(
    petition: Petition, case: Case
) -> None:
    response = send(case)

    assert response.status_code == case.status
    assert case.sentence in text_of(response)
    assert not Signature.objects.exists()
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("body", [form(country="XX"), form(country="Canada")])
def test_a_country_that_is_none(petition: Petition, body: bytes) -> None:
    Petition.objects.update(asks_country=True)

    response = send(Case(422, "", body))

    assert response.status_code == 422
    assert "Choose a country from the list" in text_of(response)


class CountingBody(BytesIO):
    """A body that knows how much of it was read."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        chunk = super().read(size)
        self.count += len(chunk)
        return chunk


def test_a_large_body_is_read_to_its_end(petition: Petition) -> None:
    """Otherwise the browser sees a broken connection instead of the answer."""
    body = form(comment="x" * 5 * 2**20)
    sent = CountingBody(body)
    client = Client(headers={"host": "localhost"})

    extra: dict[str, Any] = {"wsgi.input": sent, "CONTENT_LENGTH": str(len(body))}
    response = client.generic("POST", SIGN, b"", FORM, **extra)

    assert response.status_code == 413
    assert sent.count == len(body)


POST_ONLY_BY_GET = [
    (SIGN, 302),
    ("/confirm/x/correct/", 302),
    ("/confirm/x/resend/", 302),
]


@pytest.mark.parametrize(("path", "status"), POST_ONLY_BY_GET)
def test_getting_what_wants_a_post_leads_to_its_page(
    visitor: Client, petition: Petition, path: str, status: int
) -> None:
    assert visitor.get(path).status_code == status


@pytest.mark.parametrize(
    "path",
    ["/", "/petitions/", "/petitions/free-the-prisoners/", "/privacy/", "/erased/"],
)
@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_pages_are_only_for_reading(
    visitor: Client, petition: Petition, path: str, method: str
) -> None:
    send: Callable[[str], Any] = getattr(visitor, method)

    assert send(path).status_code == 405


TEMPLATES = [
    "/{}/", "/petitions/{}/", "/petitions/{}.json", "/petitions/{}/count.json",
    "/petitions/{}/sign/", "/petitions/{}/check-inbox/", "/petitions/{}/thank-you/",
    "/organizations/{}/", "/organizations/{}.json", "/confirm/{}/", "/confirm/{}/correct/",
    "/confirm/{}/resend/", "/not-me/{}/", "/media/{}/x.webp", "/media/logos/{}.webp",
    "/fr/petitions/{}/", "/fr/{}/", "/demo/mail/{}/",
]  # fmt: skip
ODDITIES = [
    "%00", "a%00b", "%ED%A0%80", "%FF", "%0A", "%0d%0aSet-Cookie:%20a=b", "..", "../..",
    "%2e%2e%2f", "%2F", "//", "\\", "%5C", "'", "%22", "<script>", "%25", "%", "%zz",
    "~", "a" * 3000, "\U0001f54a", "%F0%9F%95%8A", "é", "e%CC%81", "%E2%80%AE", "null",
    "-1", "1;DROP TABLE", "{}", "None", "*", "a.b", ".", "?", "#", " ", "%20", "%09",
]  # fmt: skip


@pytest.mark.parametrize("template", TEMPLATES)
def test_oddities_in_every_path_are_no_server_error(
    visitor: Client, db: None, template: str
) -> None:
    for oddity in ODDITIES:
        for method in (visitor.get, visitor.post):
            response = method(template.format(oddity))
            assert response.status_code < 500, (template, oddity)


text = st.text(alphabet=st.characters(codec=None), max_size=60)


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    fields=st.dictionaries(
        st.sampled_from(
            ["name", "email", "comment", "updates", "show_name", "version"]
        ),
        text,
    )
)
def test_any_form_is_taken_or_refused_with_a_sentence(
    petition: Petition, fields: dict[str, str]
) -> None:
    body = "&".join(
        f"{name}={quote(value.encode('utf-8', 'surrogatepass'))}"
        for name, value in fields.items()
    ).encode()
    before = Signature.objects.count()

    response = send(Case(0, "", body))

    stored = Signature.objects.count() - before
    assert (response.status_code, stored) in {(303, 1), (422, 0)}


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=st.text(min_size=1, max_size=200), comment=st.text(max_size=300))
def test_names_of_any_script_are_stored_as_typed_or_refused(
    petition: Petition, name: str, comment: str
) -> None:

    delete_signatures(Signature.objects.all())
    body = urlencode({"name": name, "email": "maya@example.org", "comment": comment})

    response = send(Case(0, "", body.encode()))

    if response.status_code == 303:
        stored = Signature.objects.get()
        assert stored.name == " ".join(clean_line(name).split())
        assert stored.comment == clean_text(comment)
    else:
        assert response.status_code == 422


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Maya\tTremblay", "Maya Tremblay"),
        ("Maya\r\nTremblay", "Maya Tremblay"),
        ("Maya\vTremblay", "Maya Tremblay"),
        ("Ma\0ya\x07 \u2028Tremblay\u200b\ufeff", "Maya Tremblay"),
        ("\u200fMaya \u202eTremblay\u200e\u00ad", "Maya Tremblay"),
        ("Maya\u00a0\u3000Tremblay", "Maya Tremblay"),
        ("Jose\u0301", "José"),
        # Between letters they mean something.
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
    ],
)
def test_what_a_table_or_a_notes_app_puts_into_a_name(
    petition: Petition, typed: str, stored: str
) -> None:
    response = send(Case(303, "", form(name=typed)))

    assert response.status_code == 303
    assert Signature.objects.get().name == stored


def test_a_line_break_counts_once_in_a_comment(petition: Petition) -> None:
    """20 lines of 49 letters are 999 characters, and 1,018 bytes on the way."""
    comment = "\r\n".join(["x" * 49] * 20)

    assert send(Case(303, "", form(comment=comment))).status_code == 303

    assert Signature.objects.get().comment == comment.replace("\r\n", "\n")
    assert len(Signature.objects.get().comment) == 999


@settings(max_examples=60, deadline=None)
@given(path=st.text(max_size=80), query=st.text(max_size=40))
@pytest.mark.django_db
def test_any_path_is_answered(path: str, query: str) -> None:
    client = Client(headers={"host": "localhost"})
    encoded = quote(path.encode("utf-8", "surrogatepass"))

    response = client.get(f"/{encoded}?{quote(query.encode('utf-8', 'surrogatepass'))}")

    assert response.status_code < 500
