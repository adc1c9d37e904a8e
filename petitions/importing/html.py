"""Campaign texts in HTML, whether the file declares them as such or not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from core.text.faults import Faults, FileProblem, Node, cited
from core.text.from_html import MOST, TooDeep, looks_like_html, markdown_of
from core.text.json_values import Fields
from petitions.states import TextFormat

# A text format of the import file only: such a text is stored as Markdown.
HTML = "html"


def read_format(of: Fields, text_format: str) -> None:
    """Convert a text in HTML to Markdown; add a fault or a warning for one that looks
    like HTML but is not declared as such."""
    node = of.given.get("text")
    if node is None or not isinstance(node.value, str) or "text_format" in of.wrong:
        return
    if text_format == HTML:
        try:
            of.given["text"] = from_html(node, of.faults)
        except FileProblem as problem:
            of.faults.append(problem)
            of.wrong.add("text")
    elif tag := looks_like_html(
        node.value, entities=text_format != TextFormat.MARKDOWN
    ):
        said = f"looks like HTML (“{cited(tag)}”): "
        if text_format:
            sentence = 'if it is, say "text_format": "html".'
            of.faults.warnings.append(FileProblem(node, said + sentence))
        else:
            sentence = 'say "text_format": "html", or "plain" when readers are to see '
            of.faults.append(FileProblem(node, f"{said}{sentence}it to the letter."))


def from_html(node: Node, faults: Faults) -> Node:
    """Return the node with its text converted to Markdown, and add a warning for
    everything left out; raise FileProblem if the text is too long or nested too
    deeply."""
    if len(node.value) > MOST:
        raise FileProblem(
            node,
            f"has at most {MOST:,} characters of HTML (it has {len(node.value):,}).",
        )
    try:
        converted = markdown_of(node.value)
    except TooDeep:
        raise FileProblem(node, "has elements that are nested too deeply.") from None
    faults.warnings += (FileProblem(node, said) for said in converted.left_out)
    return replace(node, value=converted.text)


def warn_of_html(of: Fields, keys: Iterable[str]) -> None:
    """Warn of HTML in single lines, which are printed to the letter whatever format the
    text has."""
    for key in keys:
        node = of.given.get(key)
        if (
            node
            and isinstance(node.value, str)
            and (tag := looks_like_html(node.value))
        ):
            of.faults.warnings.append(
                FileProblem(
                    node,
                    f"holds HTML, which readers see to the letter: “{cited(tag)}”.",
                )
            )
