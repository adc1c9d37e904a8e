"""Encodings and delimiters are recognised; what is not certain is said."""

from __future__ import annotations

from io import BytesIO

import pytest

from petitions.importing.tables import DELIMITERS, Guess, guess, records
from tests.petitions.importing.platforms import table

FRENCH = (
    "Zoé Lefèvre|François Bélanger|Noël Gagné|Hélène Côté|Jérôme Hébert|Anaïs Forêt"
)
RUSSIAN = "Анна Смирнова|Юрий Козлов|Ольга Щербакова|Дмитрий Соловьёв|Любовь Журавлёва|Пётр Чайковский"
JAPANESE = "鈴木 一郎|佐藤 花子|高橋 健太|田中 さくら|渡辺 ゆき|伊藤 まもる"
NAMES = {
    "utf-8": f"{FRENCH}|{RUSSIAN}|{JAPANESE}",
    "utf-8-sig": f"{FRENCH}|{RUSSIAN}|{JAPANESE}",
    "utf-16": f"{FRENCH}|{RUSSIAN}|{JAPANESE}|😀 Astrid",
    "utf-16-le": f"{FRENCH}|{RUSSIAN}|😀 Astrid",
    "utf-16-be": f"{FRENCH}|{RUSSIAN}|😀 Astrid",
    "utf-32": f"{FRENCH}|{RUSSIAN}|{JAPANESE}",
    "cp1252": FRENCH,
    "mac-roman": FRENCH,
    "cp1250": "Łukasz Woźniak|Małgorzata Dąbrowska|Zbigniew Święcicki|Grażyna Wójcik|Paweł Żółkiewski|Stanisław Jabłoński",
    "iso8859-2": "Łukasz Woźniak|Małgorzata Dąbrowska|Zbigniew Święcicki|Grażyna Wójcik|Paweł Żółkiewski|Stanisław Jabłoński",
    "cp1251": RUSSIAN,
    "koi8-r": RUSSIAN,
    "cp1253": "Γιώργος Παπαδόπουλος|Ελένη Δημητρίου|Κώστας Αντωνίου|Σοφία Νικολάου|Αλέξανδρος Χρήστου|Μαρία Γεωργίου",
    "cp1254": "Ayşe Yılmaz|Gülşen Öztürk|İbrahim Çelik|Çiğdem Şahin|Uğur Doğan|Tuğba Güneş",
    "cp1255": "דוד כהן|שרה לוי|משה פרץ|רחל אברהם|יעקב ביטון|מרים פרידמן",
    "cp1256": "محمد علي|فاطمة الزهراء|أحمد حسن|خديجة عبد الله|يوسف إبراهيم|مريم سليمان",
    "cp932": JAPANESE,
    "euc_jp": JAPANESE,
    "gb18030": "王小明|李娜|张伟|刘洋|陈静怡|赵国强|黄晓燕|周建华",
    "big5": "王小明|李淑芬|張家豪|劉怡君|陳俊傑|趙國強|黃曉燕|周建華",
    "cp949": "김민수|이영희|박지훈|최은정|정우성|강하늘|조현우|윤서연",
    "cp874": "สมชาย ใจดี|สมหญิง รักไทย|ประเสริฐ แสงทอง|วิภาวดี ศรีสุข|กิตติ พงษ์ไพร|มาลี บุญมาก",
}  # fmt: skip
SIGNS = [sign for sign, _label in DELIMITERS]


def lines(names: list[str]) -> list[list[str]]:
    """A table in which nine of ten names are spelled with the letters from a to z, one
    cell has every sign that is a delimiter somewhere, and one a line end."""
    found = [["Name", "E-mail", "Comment"]]
    for at, name in enumerate(names):
        found.append([name, f"a{at}@example.org", "one, two; three | four\tfive"])
        found += [
            [f"Plain Name{at}x{more}", f"b{at}-{more}@example.org", 'a\r\nline, "so"']
            for more in range(9)
        ]
    return found


def found(content: bytes) -> tuple[Guess, list[list[str]]]:
    file = BytesIO(content)
    guessed = guess(file)
    return guessed, [record.cells for record in records(file, guessed.layout)]


@pytest.mark.parametrize("delimiter", SIGNS, ids=["comma", "semicolon", "tab", "bar"])
@pytest.mark.parametrize("encoding", NAMES)
def test_encodings_and_delimiters(encoding: str, delimiter: str) -> None:
    written = lines(NAMES[encoding].split("|"))

    guessed, read = found(table(written, delimiter, encoding))

    assert guessed.layout.delimiter == delimiter
    assert read == written[1:]
    assert [column.value for column in guessed.layout.columns[:2]] == ["name", "email"]


@pytest.mark.parametrize(
    ("encoding", "is_certain"),
    [
        ("utf-8", True),
        ("utf-8-sig", True),
        ("utf-16", True),
        ("utf-16-le", False),
        ("cp1252", False),
    ],
)
def test_what_was_guessed_is_said(encoding: str, is_certain: bool) -> None:
    guessed, _read = found(table(lines(NAMES[encoding].split("|")), ",", encoding))

    doubts = [doubt for doubt in guessed.doubts if "which encoding it has" in doubt]
    assert (doubts == []) is is_certain


def test_staff_choose_another() -> None:
    file = BytesIO(
        table([["Name", "E-mail"], ["Łódź", "a@example.org"]], ";", "cp1250")
    )

    chosen = guess(file, encoding="cp1250", delimiter=";")

    assert chosen.first == [["Łódź", "a@example.org"]]
    assert chosen.layout.encoding == "cp1250"
    assert chosen.doubts == []


def test_a_file_of_two_encodings_is_utf_8_and_its_strays_are_told() -> None:
    written = lines(FRENCH.split("|"))
    content = table(written * 3) + "Zoé,z@example.org,\r\n".encode("cp1252")

    guessed, read = found(content)

    assert guessed.layout.encoding == "utf-8"
    assert any("but for some lines" in doubt for doubt in guessed.doubts)
    assert read[0] == written[1]
    assert read[-1] == ["Zo\ufffd", "z@example.org", ""]


def test_a_letter_beyond_the_first_piece_counts() -> None:
    """Whether a file is UTF-8 is known at its end."""
    many = b"Name,Email\r\n" + b"Plain Name,plain@example.org\r\n" * 60_000

    assert found(many + "Zoé,z@example.org\r\n".encode())[1][-1][0] == "Zoé"
    assert found(many + "Zoé,z@example.org\r\n".encode("cp1252"))[1][-1][0] == "Zoé"
