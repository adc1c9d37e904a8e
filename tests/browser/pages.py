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


OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
