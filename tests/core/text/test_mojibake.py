"""Text that was decoded in the wrong encoding once."""

from __future__ import annotations

import pytest

from core.text.mojibake import find_mojibake


def decoded(text: str, encoding: str) -> str:
    """Return the text as a program reads it that takes its UTF-8 for this encoding."""
    return text.encode().decode(encoding)


WESTERN = [
    "José",
    "Québec",
    "L’été à Montréal",
    "Öffnet die Straße",
    "«Liberté!»",
    "SÃO",
]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(text, "latin-1") for text in [
        *WESTERN, "don’t", "Łódź", "Nguyễn Thị Hương", "Ελευθερία τώρα", "Свобода слова",
        "حرية التعبير", "人權與自由", "자유", "5 € – 20 °C", "🕊 peace", "Şişli’de özgürlük",
    ]]
    + [(text, encoding) for text in WESTERN for encoding in ["cp850", "cp437", "mac-roman"]]
    + [("José", "cp1252"), ("don’t", "cp1252"), ("Привет", "cp1251"), ("José", "cp1250")],
)  # fmt: skip
def test_wrongly_decoded_text_is_found_and_put_right(text: str, encoding: str) -> None:
    found = find_mojibake(decoded(text, encoding))

    assert found
    assert found.meant == text


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("donâ€™t", "don’t"),
        ("JosÃƒÂ© twice", "José twice"),
        ("Ã‚", "Â"),
        ("РџСЂРёРІРµС‚", "Привет"),
        ("JosĂ© of Windows-1250", "José of Windows-1250"),
        ("José stands beside JosÃ©", "José stands beside José"),
        ("Right in this line.\nNot in QuÃ©bec.\nNor JosÃ©.", "Not in Québec."),
        ("It is lost in â€\ufffd and here", ""),
        (f"{'word ' * 40}QuÃ©bec and {'word ' * 40}", f"Québec and {'word ' * 40}".strip()),
    ],
)  # fmt: skip
def test_what_is_shown_of_it(said: str, meant: str) -> None:
    found = find_mojibake(said)

    assert found
    assert found.meant == meant


@pytest.mark.parametrize(
    "text",
    [
        "SÃO PAULO", "NÃO", "IRMÃ E MÃE", "CÂMARA", "AÇÃO À LA MÃE", "Ângela", "ÂM NHẠC",
        # Quotation marks behind capitals, which look like its second halves.
        "«IRM\u00c3\u00bb", "“AMANH\u00c3\u201d", "‘ALEM\u00c3\u2019: “MANH\u00c3”",
        "(«S\u00c3\u00bb)", "«CH\u00c2\u00bb", "„AP\u0102\u201d", "“BOR\u00d0\u201d",
        "„MEN\u00dc\u201c", "AMANH\u00c3\u2026", "L’ÉTÉ À PARIS…", "«À LA UNE»", "Ă și Â",
        "ÖÄÜ – ß", "Ærø, Ø", "ŞİŞLİ", "ñandú®", "20 °C, 5 £ – 7 €", "Ελλάδα", "Москва",
        "עברית", "Iñtërnâtiônàlizætiøn",
        "C1 controls say \x93this\x94", "Â", "Ð", "†", "plain",
    ],
)  # fmt: skip
def test_real_text_is_no_mojibake(text: str) -> None:
    assert find_mojibake(text) is None
