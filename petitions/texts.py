"""Campaign text: Markdown or plain, to HTML that is safe to print."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from petitions.states import TextFormat

# A profile prints a text whole up to about this many characters.
EXCERPT = 2000

TAGS = {
    "p", "br", "strong", "em", "a", "ul", "ol", "li", "blockquote", "hr", "code",
    "pre", "h2", "h3", "h4", "h5", "h6",
}  # fmt: skip

markdown = MarkdownIt("commonmark", {"html": False})


def linked_image(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    number: int,
    options: OptionsDict,
    env: EnvType,
) -> str:
    """A link instead of a picture: its file is elsewhere, and nothing on a page may
    make a reader's browser ask elsewhere."""
    address = str(tokens[number].attrGet("src") or "")
    words = tokens[number].content or address
    return f'<a href="{escape(address)}">{escape(words)}</a>'


markdown.add_render_rule("image", linked_image)


@lru_cache(maxsize=1000)
def render(text: str, text_format: str, heading: int = 2) -> SafeString:
    """The text as HTML; its own headings begin at level `heading`."""
    if text_format == TextFormat.PLAIN:
        return mark_safe(plain_html(text))  # noqa: S308 - escaped there
    tokens = markdown.parse(text)
    html = markdown.renderer.render(lowered(tokens, heading), markdown.options, {})
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes={"a": {"href"}},
        url_schemes={"https", "http", "mailto"},
        link_rel="nofollow noopener ugc",
    )
    return mark_safe(clean)  # noqa: S308 - cleaned by nh3


def lowered(tokens: Sequence[Token], heading: int) -> Sequence[Token]:
    """Headings moved down, so that they stand below the page's own."""
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            level = min(6, int(token.tag[1]) + heading - 1)
            token.tag = f"h{level}"
    return tokens


def plain_html(text: str) -> str:
    """Paragraphs where empty lines are, every character as it was typed."""
    return "".join(f'<p class="plain">{escape(part)}</p>\n' for part in blocks(text))


def blocks(text: str) -> list[str]:
    """The text between empty lines."""
    normal = text.replace("\r\n", "\n").replace("\r", "\n")
    return [part.strip("\n") for part in normal.split("\n\n") if part.strip()]


def markdown_blocks(text: str) -> list[str]:
    """The source of each top-level block of a Markdown text: paragraphs, lists."""
    lines = text.splitlines(keepends=True)
    return [
        "".join(lines[token.map[0] : token.map[1]])
        for token in markdown.parse(text)
        if token.level == 0 and token.map is not None and token.nesting >= 0
    ]


def excerpt(text: str, text_format: str) -> tuple[str, bool]:
    """The text whole when it is short, otherwise as many whole paragraphs as fit,
    at least one; and whether anything was left out."""
    if len(text) <= EXCERPT:
        return text, False
    plain = text_format == TextFormat.PLAIN
    parts = blocks(text) if plain else markdown_blocks(text)
    kept, length = 0, 0
    for part in parts:
        length += len(part)
        if kept and length > EXCERPT:
            break
        kept += 1
    return "\n\n".join(parts[:kept]), kept < len(parts)


def listed(parts: list[str]) -> str:
    """“A”, “A and B”, “A, B and C”, in the reader's language."""
    if len(parts) < 2:
        return "".join(parts)
    *first, last = parts
    if len(first) == 1 and "," not in first[0]:
        return gettext("%(first)s and %(last)s") % {"first": first[0], "last": last}
    return gettext("%(first)s, and %(last)s") % {
        "first": ", ".join(first),
        "last": last,
    }
