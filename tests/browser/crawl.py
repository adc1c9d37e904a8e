"""Every page that a visitor can be shown, in every state and both languages, as the
site served it: read once, then looked at by every gate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.test import RequestFactory
from django.utils import translation
from playwright.sync_api import Page, Route

from core.http.problems import problem
from core.switches import KEY, NONE
from tests.site import Answer, Site, fetch

LANGUAGES = {"en": "", "fr": "/fr"}
# A network of the internet, as the proxy in front would tell of it.
BUSY = {"X-Forwarded-For": "9.9.9.9"}
ELSEWHERE = {"Sec-Fetch-Site": "cross-site"}
WRONG = {
    "name": "", "email": "maya at home", "country": "XX", "comment": "x" * 1001,
    "show_name": "1", "updates": "perhaps", "reason": "", "text": "",
}  # fmt: skip
RIGHT = {"name": "Maya", "email": "maya@example.org", "reason": "other", "text": "Word"}
# What no request causes at will.
RARE = (408, 500, 503)


@dataclass(frozen=True)
class Document:
    """A page as it came."""

    name: str
    language: str
    path: str
    status: int
    headers: dict[str, str]
    html: str

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"

    def open(self, page: Page) -> None:
        """Show it in the browser under its own address, with its own headers."""

        def serve(route: Route) -> None:
            route.fulfill(status=self.status, headers=self.headers, body=self.html)

        page.route(lambda url: url.endswith(self.path), serve, times=1)
        page.goto(self.path)


type Form = tuple[str, dict[str, str], dict[str, str], int]


def forms(states: dict[str, str]) -> dict[str, Form]:
    """Forms that are answered with a page: address, fields, headers, status."""
    sign, report = "/petitions/open/sign/", states["report"]
    confirm, own = states["confirm"], states["signature"]
    other_text = RIGHT | {"version": "0.1.comments.other"}
    return {
        "sign with mistakes": (sign, WRONG, {}, 422),
        "sign from another site": (sign, RIGHT, ELSEWHERE, 403),
        "sign another text": (sign, other_text, {}, 409),
        "sign while paused": ("/petitions/paused/sign/", RIGHT, {}, 409),
        "sign from a busy network": (sign, RIGHT, BUSY, 429),
        "correct with mistakes": (f"{confirm}correct/", WRONG, {}, 422),
        "change with mistakes": (own, WRONG, {}, 422),
        "change from another site": (own, RIGHT, ELSEWHERE, 403),
        "new link with mistakes": ("/new-link/", WRONG, {}, 422),
        "new link from a busy network": ("/new-link/", RIGHT, BUSY, 429),
        "ask for all with mistakes": ("/signed/", WRONG, {}, 422),
        "ask for all from another site": ("/signed/", RIGHT, ELSEWHERE, 403),
        "report with mistakes": (report, WRONG, {}, 422),
        "report from another site": (report, RIGHT, ELSEWHERE, 403),
        "report from a busy network": (report, RIGHT, BUSY, 429),
        "contact with mistakes": ("/contact/", WRONG, {}, 422),
        "contact from a busy network": ("/contact/", RIGHT, BUSY, 429),
        "bad request": (sign, RIGHT, {"Content-Type": "multipart/form-data"}, 400),
        "forbidden": ("/admin/login/", RIGHT, {}, 403),
        "too large": (sign, {"comment": "x" * 200_000}, {}, 413),
        "no form": (sign, RIGHT, {"Content-Type": "application/json"}, 415),
    }


def collect(site: Site, states: dict[str, str]) -> Iterator[Document]:
    """All of it; an AssertionError where a state leads elsewhere."""
    fill_ceiling(site)
    for language, prefix in LANGUAGES.items():
        for name, path in states.items():
            answer = fetch(f"{site.url}{prefix}{path}")
            assert answer.status not in range(300, 400), (
                f"{name} leads to {answer.headers['Location']}"
            )
            yield document(name, language, prefix + path, answer)
        for name, (path, fields, headers, status) in forms(states).items():
            path = address(path, prefix)
            answer = fetch(f"{site.url}{path}", fields, headers=headers)
            assert answer.status == status, (name, answer.status)
            yield document(name, language, path, answer)
        for status in RARE:
            path = f"{prefix}/problem-{status}/"
            request = RequestFactory(headers={"host": "localhost"}).get(path)
            request.META[KEY] = NONE  # asks no database, which this process has not
            with translation.override(language):
                response = problem(request, status)
            html = response.content.decode()
            plain = {"content-type": "text/html; charset=utf-8"}
            yield Document(f"problem {status}", language, path, status, plain, html)


def address(path: str, prefix: str) -> str:
    """The address of a path in a language: the admin's language stands behind its
    name."""
    inside = path.removeprefix("/admin")
    return prefix + path if inside == path else f"/admin{prefix}{inside}"


def document(name: str, language: str, path: str, answer: Answer) -> Document:
    headers = {
        key.lower(): value
        for key, value in answer.headers.items()
        if key.lower() in {"content-type", "content-security-policy"}
    }
    assert headers["content-type"].startswith("text/html"), name
    return Document(name, language, path, answer.status, headers, answer.text)


def fill_ceiling(site: Site) -> None:
    """Let one network have sent all that it may, and nine minutes' worth beyond: a bucket
    further from full would count as one that a wrong clock had drawn from."""
    keys = "SELECT key FROM petitions_ratelimitbucket"
    before = site.sql(keys)
    fetch(f"{site.url}/new-link/", RIGHT, headers=BUSY)
    buckets = set(site.sql(keys)) - set(before)
    assert buckets
    for (key,) in buckets:
        site.sql(
            "UPDATE petitions_ratelimitbucket SET tat = now() + interval '69 minutes'"
            " WHERE key = %s",
            key,
        )


# What can stand on the page of a petition besides its text, for the one called “open”.
STORY = """
INSERT INTO petitions_target (petition_id, position, kind, name, office, organisation)
VALUES (%(id)s, 1, 'person', 'Zoë Quill', 'Minister', '');
INSERT INTO petitions_translation (petition_id, language, title, ask, addressees,
    summary, text, image_description, outcome, created_at)
VALUES (%(id)s, 'ar', 'عريضة مفتوحة', 'افعلوا ذلك.', '', 'ملخص', 'نص قصير.', '', '', now());
INSERT INTO petitions_update (petition_id, number, language, title, text, image,
    published_at, changed_at, created_at)
VALUES (%(id)s, 1, 'en', 'What is new', 'A **word**.', '', now(), now(), now());
INSERT INTO petitions_updatetranslation (update_id, language, title, text,
    image_description, created_at)
SELECT id, 'ar', 'خبر', 'نص **قصير**.', '', now() FROM petitions_update
 WHERE petition_id = %(id)s;
INSERT INTO petitions_correction (petition_id, language, before, after, text, made_at)
VALUES (%(id)s, 'fr', 'Un texte.', 'Un bon texte.', 'Une note.', now()),
       (%(id)s, 'fr', '', '', 'Une autre note.', now());
INSERT INTO petitions_handover (petition_id, target_id, handed_on, confirmed, paper,
    imported, manner, language, note, image, created_at)
SELECT %(id)s, id, now(), 12, 3, 0, 'in_person', 'en', 'On the steps.', '', now()
  FROM petitions_target WHERE petition_id = %(id)s;
INSERT INTO petitions_answer (petition_id, target_id, answered_by, answered_on, language,
    text, text_format, link, created_at)
SELECT %(id)s, id, '', now(), 'en', 'We shall see.', 'plain', '', now()
  FROM petitions_target WHERE petition_id = %(id)s;
UPDATE petitions_answer SET text = 'We shall see to it.' WHERE petition_id = %(id)s;
INSERT INTO petitions_handovertranslation (handover_id, language, note,
    image_description, created_at)
SELECT id, 'fr', 'Sur les marches.', '', now() FROM petitions_handover
 WHERE petition_id = %(id)s;
INSERT INTO petitions_answertranslation (answer_id, language, original, text,
    answered_by, link, created_at)
SELECT id, 'fr', false, 'Nous verrons.', '', '', now() FROM petitions_answer
 WHERE petition_id = %(id)s;
UPDATE petitions_answertranslation SET text = 'Nous nous en occuperons.'
 WHERE answer_id IN (SELECT id FROM petitions_answer WHERE petition_id = %(id)s);
"""


def tell_story(site: Site) -> None:
    """Translation, update, corrections, handover, and an answer that was changed, in two
    languages."""
    ((number,),) = site.sql("SELECT id FROM petitions_petition WHERE slug = 'open'")
    for statement in filter(None, map(str.strip, STORY.split(";"))):
        site.sql(statement.replace("%(id)s", str(number)))
