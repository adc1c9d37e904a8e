"""The count log from outside: what outsiders read of it and find when it was changed,
and what signers show with their receipts."""

from __future__ import annotations

import re
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.http.cache_policy import page_cache
from petitions.counts import check_count, checkpoints, tree
from petitions.counts.check_count import CheckFailed, Key, check_petition
from petitions.counts.receipts import receipt_of
from petitions.models import Checkpoint, Petition, Signature
from petitions.signatures.tokens import TokenPurpose
from tests.factories import make_entry, make_petition, make_signature, make_update
from tests.helpers import text_of
from tests.petitions.counts.log import fill, fold_all
from tests.petitions.views.helpers import page_of, token_of

pytestmark = pytest.mark.django_db


# == From outside ==


class Outsider:
    """Somebody who reads the log over HTTP, and keeps checkpoints and the key."""

    def __init__(self, petition: Petition) -> None:
        self.page = petition.get_absolute_url()
        self.key = Key.parse(checkpoints.public_key())

    def read(self, path: str) -> bytes:
        page_cache.clear()
        response = Client().get(f"{self.page}{path}")
        assert response.status_code == 200, path
        return bytes(response.content)

    def checkpoint(self) -> str:
        return self.read("log/checkpoint").decode()

    def check(self, *earlier: str) -> check_count.Checked:
        return check_petition(self.read, self.key, earlier)


def edited(statement: str, *values: Any) -> None:
    """Change what the database guards, as whoever owns it can."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, values or None)
        cursor.execute("SET LOCAL session_replication_role = origin")


def sign_again(petition: Petition) -> None:
    """Sign another history, as an operator can who has the key."""
    edited("DELETE FROM petitions_checkpoint")
    edited("DELETE FROM petitions_countsubtree")
    checkpoints.sign_checkpoint(petition.pk, now=timezone.now())


@pytest.fixture
def outsider(petition: Petition) -> Outsider:
    """One who has seen a log of 300 lines."""
    fill(petition, 300)
    checkpoints.sign_checkpoint(petition.pk, now=timezone.now())
    return Outsider(petition)


def test_an_outsider_reads_all_lines(petition: Petition, outsider: Outsider) -> None:
    first = outsider.checkpoint()
    make_entry(petition, 41, source="paper")
    fold_all()
    checkpoints.sign_checkpoint(petition.pk, now=timezone.now())
    make_entry(petition, -1, source="paper")
    fold_all()

    checked = outsider.check(first)

    assert checked.size == 302
    assert checked.tree.size == 301
    assert checked.sums == {"confirmed": 300, "paper": 40, "imported": 0}
    assert [tree.size for tree in checked.earlier] == [300]


DELETED = "DELETE FROM petitions_countleaf WHERE number = 299"
TAMPERED: dict[str, list[str]] = {
    "a removed line": [
        "DELETE FROM petitions_countleaf WHERE number = 7",
        "UPDATE petitions_countleaf SET number = number - 1 WHERE number > 7",
        "UPDATE petitions_total SET log_size = 299, confirmed = 299",
    ],
    "the last line removed": [
        DELETED,
        "UPDATE petitions_total SET log_size = 299, confirmed = 299",
    ],
    "a changed day": [
        "UPDATE petitions_countleaf SET day = '2026-10-31' WHERE number = 7",
    ],
    "one counted twice": [
        "UPDATE petitions_countleaf SET delta = 2 WHERE number = 7",
        "UPDATE petitions_total SET confirmed = 301",
    ],
    "a line that is somebody else's": [
        "UPDATE petitions_countleaf SET nonce_hash = sha256('x') WHERE number = 8",
    ],
}


@pytest.mark.parametrize("kind", TAMPERED)
def test_what_was_changed_is_found(
    petition: Petition, outsider: Outsider, kind: str
) -> None:
    kept = outsider.checkpoint()
    for statement in TAMPERED[kind]:
        edited(statement)

    with pytest.raises(CheckFailed):
        outsider.check()
    # Also after the operator has signed the new history.
    sign_again(petition)
    outsider.check()
    with pytest.raises(CheckFailed):
        outsider.check(kept)


def test_two_histories_are_found(petition: Petition, outsider: Outsider) -> None:
    """One person was shown another tree than the others."""
    shown_to_one = outsider.checkpoint()
    edited("UPDATE petitions_countleaf SET source = 'paper' WHERE number = 0")
    edited("UPDATE petitions_total SET confirmed = 299, paper = 1")
    sign_again(petition)
    shown_to_others = outsider.checkpoint()

    outsider.check(shown_to_others)
    with pytest.raises(CheckFailed, match="300 lines are not those"):
        outsider.check(shown_to_one)


def test_a_number_that_the_lines_do_not_add_up_to_is_found(
    outsider: Outsider, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    edited("UPDATE petitions_total SET confirmed = 5000")

    assert run(f"http://testserver.localhost{outsider.page}") == 1

    said = capsys.readouterr().err
    assert "The page shows 5000, and the lines add up to 300." in said


# == The receipt ==


def counted_signature(petition: Petition) -> Signature:
    make_signature(petition)
    mine = make_signature(petition)
    make_signature(petition)
    fold_all()
    return mine


def test_a_signer_downloads_the_receipt_and_checks_it(
    petition: Petition, visitor: Client, tmp_path: Path
) -> None:
    mine = counted_signature(petition)
    token = token_of(TokenPurpose.OWN, mine)
    page = page_of(TokenPurpose.OWN, mine)
    assert "Your signature is line 2 of the count log" in text_of(visitor.get(page))
    assert "from tomorrow" in text_of(visitor.get(page))
    assert visitor.get(reverse("petitions:receipt", args=[token])).status_code == 404
    checkpoints.sign_checkpoint(petition.pk, now=timezone.now())

    response = visitor.get(reverse("petitions:receipt", args=[token]))

    assert "attachment" in response["Content-Disposition"]
    receipt = response.content.decode()
    checked = visitor.post(reverse("petitions:check"), {"receipt": receipt})
    assert "The receipt is right" in text_of(checked)
    assert "line 2 of the 3 lines" in text_of(checked)
    file = tmp_path / "receipt"
    file.write_text(receipt, "utf-8")
    ran = subprocess.run(
        [sys.executable, "-I", check_count.__file__, "receipt", file, "--key", checkpoints.public_key()],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "in the tree of 3 lines that was signed" in ran.stdout
    file.write_text(receipt.replace("index 1", "index 2"), "utf-8")
    ran = subprocess.run(
        [sys.executable, "-I", check_count.__file__, "receipt", file, "--key", checkpoints.public_key()],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    assert "IT DOES NOT HOLD" in ran.stderr


SPOILT: dict[str, tuple[Callable[[str], str], str]] = {
    "nothing": (lambda text: "  ", "Paste the receipt here."),
    "something else": (lambda text: "Hello", "That is not a receipt"),
    "half": (lambda text: text[: len(text) // 2], "That is not a receipt"),
    "the line's number": (
        lambda text: text.replace("index 1", "index 0"), "was changed",
    ),
    "a hash": (lambda text: without_line(text, 3), "was changed"),
    "the checkpoint": (lambda text: text.replace("\n3\n", "\n4\n"), "not signed by"),
    "the key": (lambda text: text.replace("/log ", "/lag "), "not signed by"),
    "the secret": (lambda text: another_secret(text), "was changed"),
}  # fmt: skip


def without_line(text: str, number: int) -> str:
    lines = text.split("\n")
    del lines[number]
    return "\n".join(lines)


def another_secret(text: str) -> str:
    encoded = text.split("extra ")[1].split("\n")[0]
    line, _secret = b64decode(encoded).decode().split("\n")

    changed = b64encode(f"{line}\n{'00' * 16}".encode()).decode()
    return text.replace(encoded, changed)


@pytest.mark.parametrize("kind", SPOILT)
def test_a_receipt_that_does_not_hold_is_refused(
    petition: Petition, visitor: Client, kind: str
) -> None:
    mine = counted_signature(petition)
    checkpoints.sign_checkpoint(petition.pk, now=timezone.now())
    found = receipt_of(mine)
    assert found is not None
    spoil, sentence = SPOILT[kind]
    assert spoil(found.text) != found.text

    response = visitor.post(reverse("petitions:check"), {"receipt": spoil(found.text)})

    assert response.status_code == 422
    assert sentence in text_of(response)


def test_a_receipt_pasted_with_other_line_ends_holds(
    petition: Petition, visitor: Client
) -> None:
    mine = counted_signature(petition)
    checkpoints.sign_checkpoint(petition.pk, now=timezone.now())
    found = receipt_of(mine)
    assert found is not None
    pasted = "\n" + found.text.replace("\n", "\r\n") + "\n\n"

    response = visitor.post(reverse("petitions:check"), {"receipt": pasted})

    assert response.status_code == 200


# == Addresses ==


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("log/checkpoint", 200),
        ("log.json", 200),
        ("log/tile/0/000", 200),
        ("log/tile/0/001.p/44", 200),
        ("log/tile/1/000.p/1", 200),
        ("log/tile/entries/000", 200),
        ("log/tile/entries/001.p/44", 200),
        ("log/tile/entries/001", 404),
        ("log/tile/entries/001.p/45", 404),
        ("log/tile/entries/002.p/1", 404),
        ("log/tile/entries/000.p/256", 404),
        ("log/tile/entries/000.p/0", 404),
        ("log/tile/entries/000.p/01", 404),
        ("log/tile/entries/0", 404),
        ("log/tile/entries/x000/000", 404),
        ("log/tile/entries/x999/x999/x999/x999/x999/999", 404),
        ("log/tile/1/000", 404),
        ("log/tile/2/000.p/1", 404),
        ("log/tile/63/000.p/1", 404),
        ("log/tile/99999999999/000.p/1", 404),
        ("log/tile/-1/000.p/1", 404),
        ("log/tile/00/000.p/1", 404),
        ("log/tile/64/000.p/1", 404),
    ],
)
def test_only_what_is_there_is_answered(
    petition: Petition, outsider: Outsider, visitor: Client, path: str, status: int
) -> None:
    assert visitor.get(f"{outsider.page}{path}").status_code == status


def test_the_tiles_are_those_of_the_lines(outsider: Outsider) -> None:
    lines = check_count.entries(outsider.read("log/tile/entries/001.p/44"))
    hashes = b"".join(check_count.hash_leaf(line) for line in lines)

    assert outsider.read("log/tile/0/001.p/44") == hashes
    whole = check_count.entries(outsider.read("log/tile/entries/000"))
    root = tree.root_of([check_count.hash_leaf(line) for line in whole])
    assert outsider.read("log/tile/1/000.p/1") == root


def test_the_log_of_a_draft_is_nobodys(
    petition: Petition, outsider: Outsider, visitor: Client
) -> None:
    draft = make_petition(petition.organization, state="draft")
    for path in ("log.json", "log/checkpoint", "log/tile/entries/000.p/1"):
        url = f"{draft.get_absolute_url()}{path}"
        assert visitor.get(url).status_code == 404


# == Copies with others ==


def test_an_update_says_what_was_signed_when_it_appeared(
    petition: Petition, outsider: Outsider, visitor: Client
) -> None:
    before = make_update(petition, published_at=timezone.now() - timedelta(days=1))
    after = make_update(petition)
    page_cache.clear()

    signed = Checkpoint.objects.get()
    assert signed.root_text in text_of(visitor.get(after.get_absolute_url()))
    assert "the count log had 300 signed lines" in text_of(
        visitor.get(after.get_absolute_url())
    )
    assert "count log" not in text_of(visitor.get(before.get_absolute_url()))


# == On the command line ==


SAYS: dict[str, bytes] = {}
"""What a hostile site answers instead, by the last part of an address."""


@pytest.fixture
def run(
    outsider: Outsider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., int]:
    """Return what runs the program against the site, without a network between."""

    def fetch(url: str) -> bytes:
        path = url.removeprefix("http://testserver.localhost")
        page_cache.clear()
        response = Client().get(path)
        if response.status_code != 200:
            raise OSError(f"HTTP {response.status_code}")
        return SAYS.get(path.rpartition("/")[2], bytes(response.content))

    SAYS.clear()
    monkeypatch.setattr(check_count, "fetch", fetch)
    monkeypatch.setattr("time.sleep", lambda seconds: None)

    def ran(page: str, *more: str) -> int:
        key = checkpoints.public_key()
        words = ["check_count.py", "petition", page, "--key", key, *more]
        monkeypatch.setattr(sys, "argv", words)
        return check_count.main()

    return ran


@pytest.mark.parametrize("language", ["", "/fr"])
@pytest.mark.parametrize("behind", ["", "ar/", "?via=poster", "#sign"])
def test_the_program_checks_a_petition(
    outsider: Outsider,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    language: str,
    behind: str,
) -> None:
    kept = tmp_path / "checkpoint"
    kept.write_text(outsider.checkpoint(), "utf-8")
    site = f"http://testserver.localhost{language}"

    assert run(f"{site}{outsider.page}{behind}", "--earlier", str(kept)) == 0

    said = capsys.readouterr().out
    assert "300 lines of testserver.localhost/log/" in said
    assert "add up to 300" in said
    assert "continue the 300 lines that were signed earlier" in said
    assert "The site gives the number 300" in said


def test_the_program_finds_a_page_with_another_number(
    petition: Petition,
    outsider: Outsider,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = f"http://testserver.localhost{outsider.page}"
    make_signature(petition)  # not folded: the page shows it, the log does not

    assert run(page) == 1

    assert "IT DOES NOT HOLD. The page shows 301" in capsys.readouterr().err


@pytest.mark.parametrize(
    "page",
    [
        "http://testserver.localhost/",
        "http://testserver.localhost/petitions/none/",
        "petitions/free-the-prisoners",
    ],
)
def test_the_program_says_when_it_cannot_check(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], page: str
) -> None:
    assert run(page) == 2

    assert "It could not be checked" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "answer", "ends"),
    [
        # A number that no line stands for.
        ("count.json", b'{"supporters": 1000000}', 1),
        ("log.json", b'{"size": 299}', 1),
        ("log.json", b'{"size": 0}', 1),
        ("log.json", b'{"size": -5}', 1),
        ("log.json", b'{"size": null}', 2),
        ("log.json", b'{"size": "300"}', 2),
        ("log.json", b'{"size": true}', 2),
        ("log.json", b'{"size": Infinity}', 2),
        ("log.json", b"[" * 100_000, 2),
        ("log.json", b"", 2),
        # A bundle without lines, which would be asked for again and again.
        ("000", b"", 1),
        ("000", b"\0\x05", 1),
        ("checkpoint", b"", 1),
        ("checkpoint", b"\xff", 2),
    ],
)
def test_the_program_says_the_same_of_whatever_a_site_answers(
    outsider: Outsider, run: Callable[..., int], name: str, answer: bytes, ends: int
) -> None:
    SAYS[name] = answer

    assert run(f"http://testserver.localhost{outsider.page}") == ends


def test_a_log_of_another_key_or_petition_is_refused(
    outsider: Outsider, petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (f"testserver.localhost/log/x/{petition.pk}", "testserver.localhost/1"):
        edited("DELETE FROM petitions_checkpoint")
        monkeypatch.setattr(checkpoints, "origin", lambda petition, name=name: name)
        checkpoints.sign_checkpoint(petition.pk, now=timezone.now())

        with pytest.raises(CheckFailed):
            outsider.check()


def test_a_receipt_is_kept_as_a_checkpoint_is(
    petition: Petition, visitor: Client
) -> None:
    """So a signer finds that the site shows others another log."""
    mine = counted_signature(petition)
    checkpoints.sign_checkpoint(petition.pk, now=timezone.now())
    found = receipt_of(mine)
    assert found is not None
    outsider = Outsider(petition)

    kept = found.text
    assert outsider.check(kept).earlier[0].size == 3
    edited("UPDATE petitions_countleaf SET day = '2026-10-31' WHERE number = 0")
    sign_again(petition)
    outsider.check()
    with pytest.raises(CheckFailed, match="not those"):
        outsider.check(kept)


@pytest.mark.parametrize("number", ["9" * 5000, "٣", "1_0", "+1", "01"])
def test_a_receipt_with_a_number_that_is_none_is_refused(
    petition: Petition, visitor: Client, number: str
) -> None:
    mine = counted_signature(petition)
    checkpoints.sign_checkpoint(petition.pk, now=timezone.now())
    found = receipt_of(mine)
    assert found is not None
    line = found.leaf.line.replace(f"{petition.pk} 1 ", f"{petition.pk} {number} ")
    extra = b64encode(f"{line}\n{found.nonce.hex()}".encode()).decode()
    text = re.sub("extra .*", f"extra {extra}", found.text)

    response = visitor.post(reverse("petitions:check"), {"receipt": text})

    assert response.status_code == 422


def test_an_address_in_any_script_is_checked(run: Callable[..., int]) -> None:
    page = check_count.petition_page("HTTPS://site.example/fr/petitions/сохраним-парк/")

    assert page == (
        "HTTPS://site.example/petitions/"
        "%D1%81%D0%BE%D1%85%D1%80%D0%B0%D0%BD%D0%B8%D0%BC-%D0%BF%D0%B0%D1%80%D0%BA"
    )
    assert check_count.petition_page(page) == page


def test_after_another_key_is_set_everything_is_signed_anew(
    petition: Petition, outsider: Outsider, settings: Any
) -> None:
    settings.CHECKPOINT_KEY = "another secret, long enough to pass every check there is"
    assert Client().get(f"{outsider.page}log/checkpoint").status_code == 404

    checkpoints.advance_logs(timezone.now())

    assert Outsider(petition).check().tree.size == 300


def test_a_line_that_is_gone_is_no_500(petition: Petition, visitor: Client) -> None:
    mine = counted_signature(petition)
    checkpoints.sign_checkpoint(petition.pk, now=timezone.now())
    own = page_of(TokenPurpose.OWN, mine)
    receipt = reverse("petitions:receipt", args=[token_of(TokenPurpose.OWN, mine)])
    lines = f"{petition.get_absolute_url()}log/tile/entries/000.p/3"

    edited("DELETE FROM petitions_countleaf WHERE number = 0")
    page_cache.clear()
    assert visitor.get(lines).status_code == 404
    assert visitor.get(receipt).status_code == 404
    edited("DELETE FROM petitions_countleaf WHERE number = 1")
    assert visitor.get(own).status_code == 200
    assert visitor.get(receipt).status_code == 404
