"""`make lighthouse` says what is below 100, and fails then; without running it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser import lighthouse

pytestmark = pytest.mark.browser

PAGES = {"home": "/", "signed": "/petitions/x/check-inbox/"}


class NoSite:
    url = "http://localhost"

    def start(self, seconds: float) -> NoSite:
        return self

    def remove(self) -> None:
        pass


def report(**changed: float) -> dict[str, Any]:
    """As Lighthouse writes it, as far as it is read."""
    given = {**dict.fromkeys(lighthouse.CATEGORIES, 1.0), **changed}
    audits = {
        f"{name}-audit": {
            "title": f"What {name} lacks",
            "score": score,
            "scoreDisplayMode": "binary",
        }
        for name, score in given.items()
    }
    return {
        "categories": {
            name: {
                "score": score,
                "auditRefs": [{"id": f"{name}-audit", "weight": 1}],
            }
            for name, score in given.items()
        },
        "audits": audits,
        "environment": {"benchmarkIndex": 2000},
    }


def run(monkeypatch: pytest.MonkeyPatch, reports: list[dict[str, Any]]) -> int:
    """The command's answer when its runs bring these, page by page."""
    waiting = list(reports)
    monkeypatch.setenv("RUNS", str(len(reports) // len(PAGES)))
    monkeypatch.setattr("sys.argv", ["lighthouse"])
    monkeypatch.setattr("shutil.which", lambda program: program)
    monkeypatch.setattr(lighthouse, "package", lambda: None)
    monkeypatch.setattr(lighthouse, "Site", NoSite)
    monkeypatch.setattr(lighthouse, "addresses", lambda site: PAGES)
    monkeypatch.setattr(lighthouse, "fetch", lambda url: None)
    monkeypatch.setattr(lighthouse, "measure", lambda package, url: waiting.pop(0))
    return lighthouse.main()


def test_medians_of_100_are_good_and_one_slow_run_is_no_matter(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = [report(), report(performance=0.9), report()]
    signed = [report(seo=0.6)] * 3

    assert run(monkeypatch, [*home, *signed]) == 0

    heads, first, second = capsys.readouterr().out.strip().splitlines()
    assert heads.split()[:3] == ["median", "of", "3"]
    assert first.split() == ["home", "100", "100", "100", "100", "2,000"]
    assert second.split() == ["signed", "100", "100", "100", "-", "2,000"]


@pytest.mark.parametrize("name", ["performance", "accessibility", "best-practices"])
def test_a_median_below_100_fails_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    signed = [report(**{name: 0.99}), report(), report(**{name: 0.99})]

    assert run(monkeypatch, [report()] * 3 + signed) == 1

    assert capsys.readouterr().out.endswith(
        f"\nsigned\n  {name}-audit: What {name} lacks\n"
    )


def test_without_node_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda program: None)

    assert lighthouse.main() == 1
    assert "node" in capsys.readouterr().out
