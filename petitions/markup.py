"""Campaign text, as Markdown or plain, rendered to safe HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import override

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.blockquote import blockquote
from markdown_it.rules_block.heading import heading
from markdown_it.rules_block.list import list_block, skipOrderedListMarker
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from core.text.links import (
    REL,
    finder,
    linked,
)
from petitions.states import TextFormat

# The length in characters up to which a profile prints a text whole.
EXCERPT = 2000

TAGS = {
    "p", "br", "strong", "em", "a", "ul", "ol", "li", "blockquote", "hr", "code",
    "pre", "s", "h2", "h3", "h4", "h5", "h6",
}  # fmt: skip

# The dialect of a text is stored with it, so that what people signed stays what they
# saw. 1 is CommonMark. 2 is for people who know no Markdown and paste from word
# processors and web pages: see `pasted`. 3 takes fewer signs for marks: see `literal`.
# 4 takes fewer lines for lists and quotations: see `sparing`.
COMMONMARK, PASTED, LITERAL, SPARING = 1, 2, 3, 4
NEWEST_DIALECT = SPARING


def linked_image(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    number: int,
    options: OptionsDict,
    env: EnvType,
) -> str:
    """Render a link instead of a picture: its file is elsewhere, and nothing on a page
    may make a reader's browser fetch from elsewhere."""
    address = str(tokens[number].attrGet("src") or "")
    words = tokens[number].content or address
    return f'<a href="{escape(address)}">{escape(words)}</a>'


def commonmark(kind: type[MarkdownIt] = MarkdownIt) -> MarkdownIt:
    """Make the parser of dialect 1: CommonMark without HTML, pictures as links."""
    parser = kind("commonmark", {"html": False})
    parser.add_render_rule("image", linked_image)
    return parser


def pasted(kind: type[MarkdownIt] = MarkdownIt) -> MarkdownIt:
    """Make the parser of dialect 2: line breaks stay, addresses become links, bullets
    become lists, numbers stay what they are. Markup that only people who know Markdown
    mean, and by which others lose words, stays text: a heading by a line of hyphens,
    code by indentation or backquotes, footnotes."""
    parser = commonmark(kind)
    parser.options["breaks"] = parser.options["linkify"] = True
    parser.linkify = finder
    parser.enable("linkify")
    parser.inline.ruler.at("linkify", link_web_address)
    parser.disable(["code", "fence", "backticks", "lheading", "reference"])
    parser.core.ruler.after("normalize", "bullets", hyphens_for_bullets)
    parser.core.ruler.after("block", "numbers", keep_numbers)
    parser.block.ruler.at(
        "list", list_from_one, {"alt": ["paragraph", "reference", "blockquote"]}
    )
    return parser


# Bullets as word processors draw them, with the space or tab behind.
BULLET = re.compile(r"^([ \t]*)[•‣◦▪▫●○■□∙·➢✓✔][ \t\u00a0]+(?=\S)", re.MULTILINE)


def hyphens_for_bullets(state: StateCore) -> None:
    """Core rule: turn pasted bullets into hyphens, which begin a list."""
    state.src = BULLET.sub(r"\1- ", state.src)


def link_web_address(state: StateInline, silent: bool) -> bool:
    """Inline rule: make a link of a web address, whose “_” and “*” are no emphasis.
    markdown-it's own rule would look through all that precedes."""
    if state.linkLevel or not state.src.startswith("://", state.pos):
        return False
    before = state.pending[-5:].lower()
    start = state.pos - (5 if before == "https" else 4)
    link = (
        finder.match_at(state.src, start)
        if before.endswith(("http", "https"))
        else None
    )
    if link is None:
        return False
    if not silent:
        state.pending = state.pending[: start - state.pos]
        token = state.push("link_open", "a", 1)
        token.attrs = {"href": state.md.normalizeLink(link.url)}
        state.push("text", "", 0).content = link.text
        state.push("link_close", "a", -1)
    state.pos = link.last_index
    return True


def list_from_one(
    state: StateBlock, start_line: int, end_line: int, silent: bool
) -> bool:
    """Block rule: begin a numbered list only with 1 or 0: “30. Juni” begins a
    sentence."""
    end = skipOrderedListMarker(state, start_line)
    if end >= 0 and not silent:
        first = state.bMarks[start_line] + state.tShift[start_line]
        if int(state.src[first : end - 1]) > 1:
            return False
    return list_block(state, start_line, end_line, silent)


def keep_numbers(state: StateCore) -> None:
    """Core rule: keep the number of each item in a list, whatever the one before it
    is."""
    due: list[int] = []
    for token in state.tokens:
        if token.type == "ordered_list_open":
            start = token.attrGet("start")
            due.append(1 if start is None else int(start))
        elif token.type == "ordered_list_close":
            due.pop()
        elif token.type == "list_item_open" and token.info:
            number = int(token.info)
            if number != due[-1]:
                token.attrSet("value", str(number))
            due[-1] = number + 1


class Linking(MarkdownIt):
    """A parser that completes links whose scheme was left out, and makes no link of
    what is neither an absolute address nor a path of this site."""

    HOST = re.compile(
        r"(?:[\w-]+\.)+(?!(?:png|jpe?g|gif|webp|svg|pdf|docx?|html?)$)[a-z]{2,}"
        r"(?=[/?#:]|$)",
        re.ASCII | re.IGNORECASE,
    )
    MAILBOX = re.compile(r"[^\s@/:?#]+@[^\s@/]+\.[^\s@/]+$")
    ABSOLUTE = re.compile(r"https?://[^/]|mailto:.|/(?!/)", re.IGNORECASE)

    @override
    def normalizeLink(self, url: str) -> str:
        """Add the scheme that was left out."""
        if self.HOST.match(url):
            url = f"https://{url}"
        elif self.MAILBOX.match(url):
            url = f"mailto:{url}"
        return super().normalizeLink(url)

    @override
    def validateLink(self, url: str) -> bool:
        """Accept web and mail addresses, and paths of this site."""
        return self.ABSOLUTE.match(url) is not None


def literal() -> MarkdownIt:
    """Make the parser of dialect 3: as `pasted`, and a sign that belongs to what was
    said is no mark: the star of “Bürger*innen” and of a footnote, the plus of a
    telephone number, “> 500 people”, “&amp;”, a line of “###”. A link leads to an
    address, or is no link."""
    parser = pasted(Linking)
    parser.enable("strikethrough")
    parser.disable(["entity", "autolink"])
    parser.inline.ruler.before("emphasis", "star", star_of_words)
    parser.core.ruler.at("bullets", hyphens_for_more_bullets)
    above = ["paragraph", "reference", "blockquote"]
    parser.block.ruler.at("list", list_of_marks, {"alt": above})
    parser.block.ruler.at("blockquote", quotation, {"alt": [*above, "list"]})
    parser.block.ruler.at("heading", heading_of_words, {"alt": above})
    return parser


MORE_BULLETS = re.compile(
    r"^([ \t]*)(?:[•‣◦▪▫●○■□∙·➢⁃❖➤◆▸►][ \t\u00a0]+|[o–—]\t[ \t\u00a0]*)(?=\S)",
    re.MULTILINE,
)
# Letters of scripts that put no space between a marked word and the next.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uac00-\ud7a3"
)
LETTER = re.compile(rf"[^\W_{UNSPACED}]")
# A sign that marks a list only when another line begins with it, too; a plus never
# does.
LONE = re.compile(r"[*]|[-+](?=[ \t]+\d)")
REPEATABLE = {
    mark: re.compile(rf"^[ \t>]*[{mark}][ \t]", re.MULTILINE) for mark in "*-"
}
MORE_THAN = re.compile(r">[ \t]*\d")
HEADING = re.compile(r"#{1,6}[ \t].*\w")


def hyphens_for_more_bullets(state: StateCore) -> None:
    """Core rule: turn the bullets that dialect 3 knows into hyphens."""
    state.src = MORE_BULLETS.sub(r"\1- ", state.src)


def star_of_words(state: StateInline, silent: bool) -> bool:
    """Inline rule: keep a star inside a word, or alone in brackets, as text."""
    around = state.src[max(0, state.pos - 1) : state.pos + 2]
    if len(around) < 3 or around[1] != "*":
        return False
    inside = LETTER.match(around[0]) and LETTER.match(around[2])
    if not inside and around not in {"(*)", "[*]"}:
        return False
    if not silent:
        state.pending += "*"
    state.pos += 1
    return True


def line_of(state: StateBlock, number: int) -> str:
    """Return a line of the source without its indentation."""
    start = state.bMarks[number] + state.tShift[number]
    return state.src[start : state.eMarks[number]]


def list_of_marks(
    state: StateBlock, start_line: int, end_line: int, silent: bool
) -> bool:
    """Block rule: begin a list unless its mark is lone: “* women” alone is a footnote,
    “- 5 °C” a temperature; two of them are a list."""
    first = line_of(state, start_line)
    if LONE.match(first) and not is_repeated(first[0], state):
        return False
    return list_from_one(state, start_line, end_line, silent)


def is_repeated(mark: str, state: StateBlock) -> bool:
    """Return whether at least two lines of the text begin with this mark of a list."""
    lines = REPEATABLE.get(mark)
    if lines is None:
        return False
    if mark not in state.env:
        state.env[mark] = len(list(islice(lines.finditer(state.src), 2))) == 2
    return bool(state.env[mark])


def quotation(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """Block rule: begin no quotation where “>” means more than: “> 500 people”."""
    if MORE_THAN.match(line_of(state, start_line)):
        return False
    return blockquote(state, start_line, end_line, silent)


def heading_of_words(
    state: StateBlock, start_line: int, end_line: int, silent: bool
) -> bool:
    """Block rule: begin a heading only where a word follows the “#”."""
    if not HEADING.match(line_of(state, start_line)):
        return False
    return heading(state, start_line, end_line, silent)


def sparing() -> MarkdownIt:
    """Make the parser of dialect 4: as `literal`, and the number of a day, “01. Mai”,
    begins no list, nor do the hyphens of a line to cut along, “- - - cut - - -”, nor
    “>>> Sign now <<<” a quotation."""
    parser = literal()
    above = ["paragraph", "reference", "blockquote"]
    parser.block.ruler.at("list", list_of_plain_marks, {"alt": above})
    parser.block.ruler.at(
        "blockquote", quotation_by_one_sign, {"alt": [*above, "list"]}
    )
    return parser


NO_ITEM = re.compile(r"0\d+[.)]|([-*])[ \t]+\1[ \t]")


def list_of_plain_marks(
    state: StateBlock, start_line: int, end_line: int, silent: bool
) -> bool:
    """Block rule: begin no list by a number with a zero before it, or by two marks."""
    if NO_ITEM.match(line_of(state, start_line)):
        return False
    return list_of_marks(state, start_line, end_line, silent)


def quotation_by_one_sign(
    state: StateBlock, start_line: int, end_line: int, silent: bool
) -> bool:
    """Block rule: begin no quotation by arrows. One inside another is “> > ”."""
    if line_of(state, start_line).startswith(">>"):
        return False
    return quotation(state, start_line, end_line, silent)


DIALECTS = {
    COMMONMARK: commonmark(),
    PASTED: pasted(),
    LITERAL: literal(),
    SPARING: sparing(),
}
NUMBERED = {"a": {"href"}, "ol": {"start"}, "li": {"value"}}
ATTRIBUTES: dict[int, dict[str, set[str]]] = {
    COMMONMARK: {"a": {"href"}},
    PASTED: NUMBERED,
    LITERAL: NUMBERED,
    SPARING: NUMBERED,
}


@lru_cache(maxsize=1000)
def render(text: str, text_format: str, dialect: int, heading: int = 2) -> SafeString:
    """Render the text as HTML; its own headings begin at level `heading`."""
    if text_format == TextFormat.PLAIN:
        return plain_html(text, dialect)
    dialect = min(dialect, NEWEST_DIALECT)  # of a newer release, during an update
    parser = DIALECTS[dialect]
    tokens = parser.parse(text)
    html = parser.renderer.render(lowered(tokens, heading), parser.options, {})
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES[dialect],
        url_schemes={"https", "http", "mailto"},
        link_rel=REL,
    )
    return mark_safe(clean)  # noqa: S308 - cleaned by nh3


def lowered(tokens: Sequence[Token], heading: int) -> Sequence[Token]:
    """Move headings down, in place, so that they stand below the page's own."""
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            level = min(6, int(token.tag[1]) + heading - 1)
            token.tag = f"h{level}"
    return tokens


def plain_html(text: str, dialect: int) -> SafeString:
    """Render plain text: paragraphs between empty lines, every character as typed."""
    printed = escape if dialect == COMMONMARK else linked
    html = "".join(f'<p class="plain">{printed(part)}</p>\n' for part in blocks(text))
    return mark_safe(html)  # noqa: S308 - escaped part by part


def blocks(text: str) -> list[str]:
    """Split the text at empty lines."""
    return [part.strip("\n") for part in lf(text).split("\n\n") if part.strip()]


def lf(text: str) -> str:
    """Normalise line ends to LF, which all parsers count."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def markdown_blocks(text: str, dialect: int) -> list[str]:
    """Return the source of each top-level block of a Markdown text: paragraphs,
    lists."""
    lines = lf(text).split("\n")
    return [
        "\n".join(lines[token.map[0] : token.map[1]])
        for token in DIALECTS[min(dialect, NEWEST_DIALECT)].parse(text)
        if token.level == 0 and token.map is not None and token.nesting >= 0
    ]


def excerpt(text: str, text_format: str, dialect: int) -> tuple[str, bool]:
    """Return the text whole when it is short, otherwise as many whole paragraphs as
    fit, at least one; and whether anything was left out."""
    if len(text) <= EXCERPT:
        return text, False
    plain = text_format == TextFormat.PLAIN
    parts = blocks(text) if plain else markdown_blocks(text, dialect)
    kept, length = 0, 0
    for part in parts:
        length += len(part)
        if kept and length > EXCERPT:
            break
        kept += 1
    return "\n\n".join(parts[:kept]), kept < len(parts)


def listed(parts: list[str]) -> str:
    """Join parts as “A”, “A and B”, “A, B and C”, in the reader's language."""
    if len(parts) < 2:
        return "".join(parts)
    *first, last = parts
    if len(first) == 1 and "," not in first[0]:
        return gettext("%(first)s and %(last)s") % {"first": first[0], "last": last}
    return gettext("%(first)s, and %(last)s") % {
        "first": ", ".join(first),
        "last": last,
    }
