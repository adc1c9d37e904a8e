"""What the browser tests ask of each page: axe's rules and scripts to run in it."""

from __future__ import annotations

ALL = [
    "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice",
]  # fmt: skip


# Pages shown in frames are checked by themselves.
RUN = """async ([text, rules]) => {
  document.documentElement.style.fontSize = text;
  const results = await axe.run(
    document, {runOnly: rules, resultTypes: ["violations"], iframes: false});
  return results.violations.flatMap(rule => rule.nodes.map(
    node => `${rule.id}: ${node.html.slice(0, 200)} ${node.failureSummary}`));
}"""


# What of a page of the admin runs out of the window, or of the block that it stands
# in. Tables of figures scroll on their own, and say so to who has no mouse.
BEYOND = """() => {
  const found = [];
  for (const one of document.querySelectorAll('#container *')) {
    const box = one.getBoundingClientRect();
    if (!box.width || !box.height || one.closest('.figures, .visually-hidden, iframe')) continue;
    const block = one.closest('.inline-related, #result_list tbody tr');
    const edge = block ? block.getBoundingClientRect().right : document.documentElement.clientWidth;
    if (box.right > edge + 1) found.push(`${one.tagName}.${one.className}#${one.id}`);
  }
  return found;
}"""

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
