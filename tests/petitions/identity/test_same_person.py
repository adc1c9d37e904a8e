"""Which addresses are one person's, and which names are two people's."""

from __future__ import annotations

import pytest

from petitions.addresses import NotAnAddress, clean_address
from petitions.models import Petition
from petitions.names import folded_name
from petitions.signatures.forms import CorrectionForm
from tests.petitions.identity.mailboxes import DIFFERENT, REFUSED, RULES, SAME


def test_the_table_is_long_enough() -> None:
    assert len(SAME) + len(DIFFERENT) >= 40


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_mailbox(one: str, other: str) -> None:
    spellings = {RULES.canonical(clean_address(typed)) for typed in (one, other)}

    assert len(spellings) == 1


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_two_mailboxes(one: str, other: str) -> None:
    spellings = {RULES.canonical(clean_address(typed)) for typed in (one, other)}

    assert len(spellings) == 2


@pytest.mark.parametrize("typed", REFUSED)
def test_no_address_to_sign_with(typed: str) -> None:
    """Quoted local parts among them: hardly a provider delivers to them."""
    with pytest.raises(NotAnAddress):
        clean_address(typed)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('"a.b"@gmail.com', '"ab"@gmail.com'),
        ('"maya+x"@example.org', '"maya"@example.org'),
    ],
)
def test_within_quotes_nothing_is_left_out(one: str, other: str) -> None:
    """The form takes none; rows from elsewhere may hold some."""
    assert RULES.canonical(one) != RULES.canonical(other)
    assert RULES.canonical(one) == RULES.canonical(one.upper())


@pytest.mark.parametrize("address", ["+maya@gmail.com", "...@gmail.com", "+@gmail.com"])
def test_something_always_stays_before_the_at(address: str) -> None:
    local, _at, domain = RULES.canonical(address).rpartition("@")

    assert local
    assert domain == "gmail.com"


NAMES_THE_SAME = [
    ("Maya Tremblay", "MAYA TREMBLAY"),
    ("Maya Tremblay", "  maya   tremblay "),
    ("Élodie Côté", "Elodie Cote"),
    ("O'Brien", "O\u2019Brien"),
    ("O'Brien", "OBrien"),
    ("Marie-Ève Roy", "Marie Ève Roy"),
    ("J. R. Smith", "J R Smith"),
    ("Weiß", "WEISS"),
    ("İlker Işık", "ilker ısık"),
    ("Ｍａｙａ", "Maya"),
    ("Nguyễn Văn An", "nguyen van an"),
    ("Αγγελική", "ΑΓΓΕΛΙΚΗ"),
    ("José", "Jose\u0301"),
    ("Ⅳ Henry", "IV Henry"),
]

NAMES_OF_TWO = [
    ("Maya Tremblay", "Marc Tremblay"),
    ("Maya", "Maia"),
    ("राम", "रमा"),  # the vowels are marks
    ("محمد", "محمود"),
    ("王伟", "王伟伟"),
    ("O", "Ö X"),
    ("김철수", "김영희"),
    ("Иван", "Ирина"),
]


@pytest.mark.parametrize(("one", "other"), NAMES_THE_SAME)
def test_one_name(one: str, other: str) -> None:
    assert folded_name(one) == folded_name(other)


@pytest.mark.parametrize(("one", "other"), NAMES_OF_TWO)
def test_two_names(one: str, other: str) -> None:
    assert folded_name(one) != folded_name(other)


TAKEN = [
    "O", "Sukarno", "O'Brien", "D\u2019Arcy", "Mary-Jane van der Berg", "张伟", "Ñ",
    "محمد بن سلمان", "שרה כהן", "Nguyễn Thị Minh Khai", "ვახტანგ", "ประยุทธ์",
    "राम प्रसाद", "Ọlọ́run", "Jean 3e", "X Æ A-12", "Ŋ", "a" * 200, "文" * 200,
    "⠠⠍⠁⠽⠁ ⠠⠗⠕⠑",
]  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_a_name_of_any_script_and_length_is_taken_as_typed(name: str) -> None:
    form = CorrectionForm({"name": name}, petition=Petition())

    assert form.is_valid(), form.errors
    assert form.cleaned_data["name"] == name
    assert 0 < len(folded_name(name)) <= 200


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("a" * 201, "Enter a name of at most 200 characters"),
        ("'", "Enter your full name"),
        ("123", "Enter your full name"),
        ("\u3164", "Enter your full name"),
        ("\u2800\u2800", "Enter your full name"),
    ],
)
def test_what_is_no_name_gets_a_sentence(name: str, sentence: str) -> None:
    form = CorrectionForm({"name": name}, petition=Petition())

    assert form.errors["name"] == [sentence]


@pytest.mark.parametrize("name", ["ͺ", "'", "!!!", "﷽" * 200])
def test_a_folded_name_is_never_empty_or_too_long(name: str) -> None:
    assert 0 < len(folded_name(name)) <= 200
