"""Strings, numbers and words of JSON, also as people and other systems write them: read
what they mean, and report how to write it."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from typing import Any

from core.text.faults import Faults, FileProblem, Node, cited

WHITESPACE = re.compile(r"[ \t\n\r]*")
# Invisible, or a blank, but no whitespace for JSON.
STRANGE_BLANKS = re.compile(r"[^\S \t\n\r]|[\u200b-\u200f\u2060\ufeff]|\x00+")
COMMENT = re.compile(r"//[^\n]*|#[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
NUMBER = re.compile(
    r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?=[\s,\]}]|\Z)", re.ASCII
)
GROUPED = re.compile(
    r"-?\d{1,3}(?:[, '’_\xa0\u2009\u202f]\d{3})+(?=[ \t]*(?:[,}\n]|\Z))", re.ASCII
)
OTHER_NUMBER = re.compile(r"\+?0*(\d+)\.?|\+?0*(\d*\.\d+)", re.ASCII)
TEXT = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
ESCAPE = re.compile(r'\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])|[\\"]', re.ASCII)
SOUND = {"\\": r"\\", '"': r"\""}
# Quotation marks that people and other systems use in place of ", and what closes them.
QUOTES = {"'": "'", "`": "`´'", "“": "”“", "”": "”", "„": "“”", "‘": "’", "«": "»"}
QUOTED = {
    opening: re.compile(rf'(?<!\\)[{closing}"](?=\s*(?:[,\]}}:]|\Z))|(?=\n|\Z)')
    for opening, closing in QUOTES.items()
}
# A quotation mark that closes a key, or a value, by what follows it.
ENDS = {
    ends: re.compile(rf'"(?=[ \t]*(?:[{re.escape(ends)}]|$))', re.MULTILINE)
    for ends in (":", ",]}")
}
UNCLOSED_KEY = re.compile(r'"([\w -]*?) *(?=:)')
BARE_KEY = re.compile(r'[^\s,:={}\[\]"]+')
BARE = re.compile(r'[^\s,:{}\[\]"][^,{}\[\]"\n]*')
WORDS = {"true": True, "false": False, "null": None}
OTHER_WORDS = {
    "none": "null", "undefined": "null", "nil": "null", "yes": "true", "no": "false",
}  # fmt: skip
NO_NUMBERS = {"nan", "infinity", "inf", "n/a", "#n/a"}
# More digits than any number here needs, and fewer than Python refuses to convert.
MOST_DIGITS = 100


class Scalars:
    """The scanner below the parser. Each method takes the position where something
    begins, and returns where it ended. After a mistake that leaves no doubt reading
    goes on; after any other the position is the end of the text."""

    def __init__(self, text: str, faults: Faults) -> None:
        self.text, self.faults = text, faults
        self.breaks = [match.start() for match in re.finditer("\n", text)]
        self.has_stopped = False
        self.path = ""
        """The path of what is being read."""

    def line_at(self, at: int) -> int:
        return bisect_left(self.breaks, at) + 1

    def end_of_line(self, at: int) -> int:
        line = self.line_at(at)
        return self.breaks[line - 1] if line <= len(self.breaks) else len(self.text)

    def note(self, at: int, sentence: str) -> None:
        """Report a fault at `at`, unless reading has stopped: it would only follow from
        the last."""
        if not self.has_stopped:
            line = self.line_at(at)
            start = self.breaks[line - 2] + 1 if line > 1 else 0
            node = Node(None, line, self.path)
            self.faults.append(FileProblem(node, sentence, character=at - start + 1))

    def stop(self, at: int, sentence: str) -> int:
        self.note(at, f"{sentence} What follows was not read.")
        self.has_stopped = True
        return len(self.text)

    def sign(self, at: int) -> str:
        return self.text[at : at + 1]

    def beside(self, at: int) -> str:
        """Return what stands at `at`, for a sentence about it."""
        said = self.text[at : min(at + 20, self.end_of_line(at))]
        return cited(said) or f"U+{ord(said[:1] or chr(10)):04X}"

    def blanks(self, at: int) -> int:
        match = WHITESPACE.match(self.text, at)
        assert match is not None
        return match.end()

    def skip(self, at: int) -> int:
        """Skip whitespace and, with a fault, comments and characters that only look
        like it."""
        while True:
            at = self.blanks(at)
            sign = self.sign(at)
            if sign in ("#", "/") and (comment := COMMENT.match(self.text, at)):
                self.note(at, "JSON has no comments: take this one out.")
                at = comment.end()
            elif strange := STRANGE_BLANKS.match(self.text, at):
                self.note(
                    at,
                    "NUL characters stand here, as in a damaged file: fetch it anew, "
                    "or take them out."
                    if sign == "\0"
                    else f"U+{ord(sign):04X} looks like a blank, and is none in JSON: "
                    "write a plain blank.",
                )
                at = strange.end()
            else:
                return at

    # == Strings ==

    def key(self, at: int) -> tuple[str, int]:
        sign = self.sign(at)
        if sign == '"':
            whole = TEXT.match(self.text, at)
            unclosed = UNCLOSED_KEY.match(self.text, at)
            follows = self.sign(self.blanks(whole.end())) if whole else ""
            if unclosed and follows != ":":
                self.note(at, f'a quotation mark is missing: write "{unclosed[1]}".')
                return unclosed[1], unclosed.end()
            return self.string(at, ":")
        if sign in QUOTES:
            return self.quoted(at)
        if sign.isdecimal():
            return "", self.stop(
                at,
                f"“{self.beside(at)}” stands where a key belongs; a number has no "
                "comma in it, and a key stands in quotation marks.",
            )
        if match := BARE_KEY.match(self.text, at):
            said, end = match[0], match.end()
            self.note(at, f'a key stands in quotation marks: write "{cited(said)}".')
            return said, end + (self.sign(end) == '"')
        return "", self.stop(at, f"“{self.beside(at)}” stands where a key belongs.")

    def string(self, at: int, ends: str = ",]}") -> tuple[str, int]:
        """Read a string between quotation marks, also when one is missing or stands
        unescaped within it."""
        match = TEXT.match(self.text, at)
        if match:
            after, end_of_line = self.sign(match.end()), self.end_of_line(at)
            closes = not after or after.isspace() or after in ",]}:="
            if closes and match.end() <= end_of_line:
                return self.unescaped(match[1], at + 1), match.end()
            if closes and self.sign(self.blanks(match.end())) in (*ends, ""):
                self.note(
                    end_of_line,
                    "a line ends within a text: write \\n for it, or the quotation "
                    "mark that is missing.",
                )
                return self.unescaped(match[1], at + 1), match.end()
            if match.end() <= end_of_line:
                # An unescaped quotation mark, as in “He said "no"”.
                end = ENDS[ends].search(self.text, match.end(), end_of_line)
                if end:
                    within = 'a quotation mark stands within a text: write \\" for it.'
                    self.note(match.end() - 1, within)
                    said = self.text[at + 1 : end.start()]
                    return self.unescaped(said, at + 1), end.end()
        end_of_line = self.end_of_line(at)
        rest = self.text[at + 1 : end_of_line].rstrip()
        if end_of_line == len(self.text):
            return rest, self.stop(
                at,
                "the file ends within the text that begins here: it is a part of a "
                "file. Fetch it anew.",
            )
        self.note(at, 'the quotation mark (") at the end of this text is missing.')
        rest = rest.rstrip(",")
        return self.unescaped(rest, at + 1), at + 1 + len(rest)

    def unescaped(self, raw: str, at: int) -> str:
        r"""Return the contents of a string with its escapes (\n, \u00e9) decoded; `at`
        is where it begins in the text."""
        if "\\" not in raw and '"' not in raw:
            return raw
        wrong = next((one for one in ESCAPE.finditer(raw) if one[0] == "\\"), None)
        if wrong:
            self.note(
                at + wrong.start(),
                "a backslash stands before what it cannot change: write \\\\ for one "
                "that is to be read.",
            )
        sound = ESCAPE.sub(lambda one: SOUND.get(one[0], one[0]), raw)
        return str(json.loads(f'"{sound}"', strict=False))

    def quoted(self, at: int) -> tuple[str, int]:
        """Read a string between other quotation marks."""
        opening = self.sign(at)
        self.note(
            at,
            f'texts and keys stand between straight double quotation marks ("), not '
            f"between {opening}{QUOTES[opening][0]}.",
        )
        end = QUOTED[opening].search(self.text, at + 1)
        assert end is not None
        said = re.sub(r"\\(['`])", r"\1", self.text[at + 1 : end.start()])
        return self.unescaped(said, at + 1), end.end()

    # == Numbers and words ==

    def bare(self, at: int, *, in_list: bool) -> tuple[Any, int]:
        """Read a number or a word that has no quotation marks."""
        if not in_list and (grouped := GROUPED.match(self.text, at)):
            digits = re.sub(r"[^-\d]", "", grouped[0], flags=re.ASCII)
            self.note(
                at, f"a number has nothing between its thousands: write {digits}."
            )
            return number(digits), grouped.end()
        if match := NUMBER.match(self.text, at):
            return number(match[0]), match.end()
        word = BARE.match(self.text, at)
        if word is None:
            if self.sign(at):
                self.note(at, "a value is missing here: write it, or null.")
            return None, at
        said = word[0].rstrip()
        end = at + len(said)
        plain = said.lower()
        if said in WORDS:
            return WORDS[said], end
        if plain.lstrip("+-") in NO_NUMBERS:
            self.note(at, f"{cited(said)} is no number: write one, or null for none.")
            return None, end
        if (meant := OTHER_WORDS.get(plain, plain)) in WORDS:
            self.note(at, f"JSON does not know {said}: write {meant}.")
            return WORDS[meant], end
        if other := OTHER_NUMBER.fullmatch(said):
            value = other[1] or f"0{other[2]}"
            self.note(at, f"JSON has no such number: write {cited(value)}.")
            return number(value), end
        self.note(at, f'a text stands in quotation marks: write "{cited(said)}".')
        return said, end + (self.sign(end) == '"')


def number(digits: str) -> int | float:
    if re.search("[.eE]", digits) or len(digits) > MOST_DIGITS:
        return float(digits)
    return int(digits)
