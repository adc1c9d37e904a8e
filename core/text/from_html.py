"""Convert HTML of other sites and word processors to the Markdown that petitions.markup
reads: the same words, links, lists and headings."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

import nh3
from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag
from markdownify import MarkdownConverter

from core.text.links import trimmed

# Characters of HTML; the Markdown made of it has the limit of its column.
MOST = 400_000
BLOCKS = {
    "address", "article", "aside", "center", "details", "dd", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "header", "legend", "main",
    "nav", "section", "summary",
}  # fmt: skip
HEADINGS = {f"h{level}" for level in range(1, 7)}
CELLS = {"td", "th"}
TABLES = {"table", "thead", "tbody", "tfoot", "tr", "caption", *CELLS}
LISTS = {"ul", "ol", "li"}
PARTS = {"p", "br", "hr", "pre", "blockquote", *BLOCKS, *HEADINGS, *TABLES, *LISTS}
STRUCK = {"s", "del", "strike"}
INLINE = {"a", "b", "strong", "em", "i", "code", "span", "sub", "sup", *STRUCK}
# Elements that a text cannot hold.
PICTURES, FRAMES = {"img"}, {"iframe", "video", "audio", "embed", "object"}
DRAWN, FIELDS = {"svg", "math", "canvas"}, {"select", "textarea", "button"}
UNREAD = {
    "script", "style", "title", "template", "xml", "noscript", *DRAWN, *FIELDS,
}  # fmt: skip
OTHERS = {"body", "font", "head", "html", "ins", "small", "u"}
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
SCRIPT = re.compile(r"<script\b", re.IGNORECASE)
DRAWING = re.compile(rf"<(?:{'|'.join(sorted(DRAWN))})\b", re.IGNORECASE)
FIELD = re.compile(rf"<(?:input|{'|'.join(sorted(FIELDS))})\b", re.IGNORECASE)
# Schemes kept in links so that links which lead nowhere from here can be reported.
SCHEMES = {
    "http", "https", "mailto", "tel", "sms", "ftp", "javascript", "data", "vbscript",
    "file", "blob", "about",
}  # fmt: skip
# Styles of invisible elements; the last is a word processor's list of comments.
HIDDEN = re.compile(r"display:none|mso-hide:all|mso-element:comment-list")
# Superscripts and subscripts as characters: “10⁶” is another number than “106”.
RAISED = {"sup": "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾ⁿ", "sub": "₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎ₙ"}
LEVEL = "0123456789+-−()n"
BULLETS = re.compile(r"[^\w]|[o§Øüvqn]")
# Tags as people write them; “<3” and “a < b > c” are none.
TAG = re.compile(
    r"</?(?:"
    + "|".join(sorted(PARTS | INLINE | PICTURES | FRAMES | UNREAD | OTHERS))
    + r")(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
BREAKS = re.compile(rf"<(?:{'|'.join(sorted(PARTS))})[\s/>]", re.IGNORECASE)
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
LINK = re.compile(r"(?:https?:|mailto:)", re.IGNORECASE)
ADDRESS = re.compile(r"(https?://\S+)", re.IGNORECASE)
# What Markdown would take for markup, at the beginning of a line or anywhere.
LINE_MARKS = re.compile(r"^(#{1,6}(?=\s|$)|>|[-+](?=\s|$)|(?=-[- ]*-[- ]*-[- ]*$))")
FIRST_OF_LIST = re.compile(r"^([01])([.)](?:\s|$))")
MARKS = re.compile(
    r"[\\*]|~(?=~)|(?<=~)~|(?<![^\W_])_|_(?![^\W_])|\](?=\()|&(?=#|\w+;)|<(?=[a-zA-Z][\w+.-]*[:@])"
)


@dataclass(frozen=True)
class Converted:
    """Markdown, and a sentence for each kind of content that is not in it."""

    text: str
    left_out: list[str]


class TooDeep(ValueError):
    """Raised when elements are nested more deeply than anybody can mean."""


def looks_like_html(text: str, *, entities: bool = True) -> str:
    """Return the first tag or entity in a text; "" when it has none."""
    if tag := TAG.search(text):
        return tag[0]
    if entities:
        for entity in ENTITY.finditer(text):
            if html.unescape(entity[0]) != entity[0]:
                return entity[0]
    return ""


def markdown_of(source: str) -> Converted:
    """Convert HTML, also untidy HTML, to Markdown. Scripts, styles and all that a text
    cannot hold are left out; `left_out` says what. Raise TooDeep when it cannot be
    read."""
    if not BREAKS.search(source):
        source = re.sub(r"\r\n?|\n", "<br>", source)
    clean = nh3.clean(
        source,
        tags=PARTS | INLINE | PICTURES | FRAMES,
        clean_content_tags=UNREAD,
        attributes={"*": {"style"}, "a": {"href"}, "img": {"alt"}, "ol": {"start"}},
        url_schemes=SCHEMES,
        link_rel=None,
    )
    converter = Converter(COMMENT.sub("", source))
    try:
        soup = BeautifulSoup(clean, "html.parser")
        for element in soup.find_all(style=True):
            if not element.decomposed and HIDDEN.search(style_of(element)):
                element.decompose()
        make_lists(soup)
        for table in soup.find_all("table"):
            if is_layout(table):
                lay_out(table)
        text: str = converter.convert_soup(soup)
    except RecursionError:
        raise TooDeep from None
    text = re.sub(r"[ \t\xa0]+$", "", text, flags=re.MULTILINE)
    return Converted(re.sub(r"\n{3,}", "\n\n", text).strip(), converter.left_out())


def make_lists(soup: BeautifulSoup) -> None:
    """Turn paragraphs that word processors mean as list items, with the bullet or
    number as text in them, into lists."""
    for paragraph in soup.find_all("p"):
        level = re.search(r"mso-list:l\d+level(\d)", style_of(paragraph))
        marks = [one for one in paragraph("span") if "mso-list:ignore" in style_of(one)]
        if not level or not marks:
            continue
        mark = marks[0].get_text().strip()
        marks[0].decompose()
        name = "ul" if BULLETS.fullmatch(mark) else "ol"
        before = paragraph.find_previous_sibling()
        item = paragraph.wrap(soup.new_tag("li"))
        paragraph.unwrap()
        here = before if before is not None and before.get("data-list") else None
        for _level in range(1, int(level[1])):
            items = here.find_all("li", recursive=False) if here else []
            inner = items[-1].find(["ul", "ol"], recursive=False) if items else None
            if inner is None and items:
                inner = new_list(soup, name, mark)
                items[-1].append(inner)
            here = inner or here
        if here is None or (level[1] == "1" and here.name != name):
            item.wrap(new_list(soup, name, mark))
        else:
            here.append(item)


def new_list(soup: BeautifulSoup, name: str, mark: str) -> Tag:
    tag = soup.new_tag(name, attrs={"data-list": "1"})
    if name == "ol" and (number := re.match(r"\d+", mark)):
        tag["start"] = number[0]
    return tag


def is_layout(table: Tag) -> bool:
    """Return whether the table is only layout: things side by side or one below the
    other."""
    rows = [row.find_all(CELLS, recursive=False) for row in table.find_all("tr")]
    whole = ["ul", "ol", "table", "blockquote", *HEADINGS]
    return all(len(row) < 2 for row in rows) or any(
        cell.find(whole) or len(cell.find_all(["p", "div"])) > 1
        for row in rows
        for cell in row
    )


def lay_out(table: Tag) -> None:
    """Turn the cells of a layout table into paragraphs."""
    for part in [table, *table.find_all(TABLES)]:
        if part.find_parent("table") in (None, table) or part is table:
            part.name = "div"


def escaped(text: str) -> str:
    """Escape words so that Markdown shows exactly these; static/js/writing.js does the
    same."""
    parts = ADDRESS.split(text)
    parts[::2] = [MARKS.sub(lambda match: f"\\{match[0]}", part) for part in parts[::2]]
    text = LINE_MARKS.sub(lambda match: f"\\{match[0]}", "".join(parts))
    return FIRST_OF_LIST.sub(r"\1\\\2", text)


def style_of(element: Tag) -> str:
    return str(element.get("style") or "").lower().replace(" ", "")


class Converter(MarkdownConverter):
    """A converter to this site's Markdown, which has no tables and no code, and keeps
    line breaks."""

    def __init__(self, source: str) -> None:
        super().__init__(heading_style="atx", bullets="-", wrap=True, wrap_width=None)
        self.scripts = len(SCRIPT.findall(source))
        self.fields = len(FIELD.findall(source))
        self.pictures = len(DRAWING.findall(source))
        self.frames = 0
        self.links: list[str] = []

    def left_out(self) -> list[str]:
        said = []
        if self.pictures:
            said.append(
                f"pictures are left out, {self.pictures} of them: add the one that "
                "matters in the admin."
            )
        if self.frames:
            said.append(
                f"films, sounds and frames are left out, {self.frames} of them: link "
                "to where they are."
            )
        if self.fields:
            said.append(f"fields and buttons are left out, {self.fields} of them.")
        if self.scripts:
            said.append(f"scripts are left out, {self.scripts} of them.")
        if self.links:
            some = ", ".join(link[:60] for link in self.links[:5])
            said.append(f"links that lead nowhere from here are words now: {some}.")
        return said

    def escape(self, text: str, parent_tags: set[str]) -> str:
        return escaped(text)

    def convert_br(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return " " if "_inline" in parent_tags else "\n"

    def marked(self, el: Tag, text: str, mark: str) -> str:
        """Return the text emphasised with `mark`; unchanged where Markdown could not
        express that or would change the words."""
        words = text.strip()
        before, after = el.previous_sibling, el.next_sibling
        outside = [
            (words[:1], before[-1:] if isinstance(before, NavigableString) else ""),
            (words[-1:], after[:1] if isinstance(after, NavigableString) else ""),
        ]
        sticks = any(
            other.isalnum() and not letter.isalnum() for letter, other in outside
        )
        beside = isinstance(before, Tag) and before.name in INLINE
        if not words or "\n\n" in words or sticks or beside or mark in words:
            return text
        start = text[: len(text) - len(text.lstrip())]
        return f"{start}{mark}{words}{mark}{text[len(text.rstrip()) :]}"

    def convert_b(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        light = re.search("font-weight:(normal|400)", style_of(el))
        return text if light else self.marked(el, text, "**")

    convert_strong = convert_b

    def convert_em(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return self.marked(el, text, "*")

    convert_i = convert_em

    def convert_span(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        if re.search("font-weight:(bold|[6-9]00)", style_of(el)):
            return self.marked(el, text, "**")
        if re.search("text-decoration[^;]*line-through", style_of(el)):
            return self.marked(el, text, "~~")
        italic = "font-style:italic" in style_of(el)
        return self.marked(el, text, "*") if italic else text

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        address = re.sub(r"[\t\r\n]", "", str(el.get("href") or "")).strip()
        words = re.sub(r"^#+ ", "", " ".join(text.split()))
        if not LINK.match(address):
            if address and not address.startswith("#"):
                self.links.append(address)
            return text
        if not words:
            image = el.find("img")
            if image is None:
                return ""
            words = escaped(str(image.get("alt") or "").strip()) or address
        if (
            el.get_text().strip() == address == trimmed(address)
            and not re.search(r"[\s<>\\]", address)
        ):  # fmt: skip
            return f"<{address}>"
        address = re.sub(r"[()\s<>\\]", lambda match: f"%{ord(match[0]):02X}", address)
        address = re.sub(r"&(?=#|\w+;)", r"\\&", address)
        words = re.sub(r"(?<!\\)[\[\]]", r"\\\g<0>", words)
        start = text[: len(text) - len(text.lstrip(" "))]
        return f"{start}[{words}]({address}){text[len(text.rstrip(' ')) :]}"

    def convert_img(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        self.pictures += 1
        return ""

    def convert_video(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        self.frames += 1
        return ""

    convert_iframe = convert_audio = convert_embed = convert_object = convert_video

    def convert_s(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return self.marked(el, text, "~~")

    convert_del = convert_strike = convert_s

    def convert_sup(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        signs = dict(zip(LEVEL, RAISED[el.name], strict=True))
        words = text.strip()
        known = set(words) <= signs.keys()
        return "".join(signs[sign] for sign in words) if known else text

    convert_sub = convert_sup

    def convert_code(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return text if "pre" in parent_tags else escaped(text)

    def convert_pre(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        lines = "\n".join(escaped(line) for line in text.strip("\n").split("\n"))
        return f"\n\n{lines}\n\n"

    def convert_td(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return f"{' '.join(text.split(' ')).strip()} | "

    convert_th = convert_td

    def convert_tr(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        row = " ".join(text.split()).removesuffix("|").rstrip()
        return f"{row}\n" if row.strip("| ") else ""

    def convert_dt(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return f"\n\n{text.strip()}\n"

    def convert_dd(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return f"{text.strip()}\n"


for name in BLOCKS - {"dd", "dt"}:
    setattr(Converter, f"convert_{name}", vars(MarkdownConverter)["convert_div"])
