"""QR codes: addresses that a phone reads from paper."""

from __future__ import annotations

import segno
from django.utils.safestring import SafeString, mark_safe

# Level M: about a seventh of the code may be torn or stained.
ERROR_CORRECTION = "m"
# The light border in modules that the standard requires.
BORDER = 4


def qr_code(url: str) -> segno.QRCode:
    return segno.make_qr(url, error=ERROR_CORRECTION)


def as_svg(url: str, *, label: str = "") -> SafeString:
    """Return the code as SVG to stand in a page: black on white in any colour scheme,
    as large as its box, and without style attributes, which our content security policy
    forbids."""
    svg = qr_code(url).svg_inline(
        border=BORDER, dark="#000", light="#fff", omitsize=True, svgclass="qr",
        lineclass=None, title=label or None,
    )  # fmt: skip
    role = 'role="img"' if label else 'aria-hidden="true"'
    return mark_safe(svg.replace("<svg ", f"<svg {role} ", 1))  # noqa: S308 - segno's own


def as_file(url: str) -> str:
    """Return the code as an SVG file, for print shops and slides."""
    svg = qr_code(url).svg_inline(
        border=BORDER, dark="#000", light="#fff", scale=10, svgclass=None,
        lineclass=None,
    )  # fmt: skip
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
