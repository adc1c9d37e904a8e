"""Templates become PDFs in a process of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.pdf.rendering import NotRendered, Rendered, render_pdf
from tests.core.pdf.helpers import needs_printing, text_of

needs_printing()

ROOT = Path(__file__).parents[3]
CREATED = datetime(2026, 11, 28, 4, tzinfo=UTC)
BEFORE = """\
#let data = json(bytes(sys.inputs.data))
#set document(title: "Names")
#set text(font: json(bytes(sys.inputs.fonts)), lang: "en")
"""
AFTER = "\n#context [#metadata(counter(page).final().first())<pages>]\n"
# Takes some minutes, if nobody ends it.
FOR_EVER = "#for a in range(100000) { for b in range(100000) { let c = a * b } }"


def made(folder: Path, template: str, data: Any = None, **limits: int) -> Rendered:
    path = folder / "names.typ"
    path.write_text(f"{BEFORE}{template}{AFTER}")
    return render_pdf(path, data, created=CREATED, **limits)


def children() -> set[str]:
    """Return the ids of the processes that typeset."""
    return {
        path.parent.name
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if b"core/pdf/child.py" in contents(path)
    }


def contents(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_data_is_text_and_never_markup(tmp_path: Path) -> None:
    hostile = '*b* _i_ $x$ #read("/etc/passwd") ] } \\ @a <b> `c` // d'

    pdf = made(
        tmp_path, "#data.at(0).name #pagebreak() #data.at(1)", [{"name": hostile}, 7]
    )

    assert pdf.pages == 2
    assert pdf.replaced == 0
    assert hostile in text_of(pdf.content)
    assert "7" in text_of(pdf.content, "-f", "2")


def test_a_file_says_that_it_is_accessible_and_for_the_archive(tmp_path: Path) -> None:
    content = made(tmp_path, "= Names").content

    for part in (
        b"/MarkInfo<</Marked true", b"/StructTreeRoot", b"/Lang(en)", b"/OutputIntents",
        b"<pdfuaid:part>1</pdfuaid:part>", b"<pdfaid:part>2</pdfaid:part>",
        b"<pdfaid:conformance>A</pdfaid:conformance>",
        b"<xmp:CreateDate>2026-11-28T04:00:00+00:00</xmp:CreateDate>",
    ):  # fmt: skip
        assert part in content


@pytest.mark.parametrize(
    "template",
    [
        pytest.param("#square()\n#figure(image(bytes(\"<svg xmlns='http://www.w3.org/2000/svg'/>\")))", id="a picture without words"),
        pytest.param("= One\n=== Three", id="a heading left out"),
        pytest.param('#read("/etc/passwd")', id="another file"),
        pytest.param('#read("../../etc/passwd")', id="a file above"),
        pytest.param("#nothing", id="a mistake"),
    ],
)  # fmt: skip
def test_a_fault_is_one_error(tmp_path: Path, template: str) -> None:
    with pytest.raises(NotRendered, match="error: "):
        made(tmp_path, template)


def test_nothing_is_fetched(tmp_path: Path) -> None:
    """The network is asked for by the name of a host; nobody looks that up."""
    with pytest.raises(NotRendered, match="failed to download") as failed:
        made(tmp_path, '#import "@preview/cetz:0.3.0"')

    assert "dns" not in str(failed.value).lower()


def test_the_environment_of_the_site_is_not_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "of-the-site")
    seen = set()
    with ThreadPoolExecutor() as threads:
        work = threads.submit(made, tmp_path, FOR_EVER, seconds=3)
        while not work.done():
            for child in children():
                seen.add(contents(Path("/proc", child, "environ")))
            time.sleep(0.05)

    assert any(b"LC_ALL=C.UTF-8" in environment for environment in seen)
    # For a moment before it begins, the child is a copy of this process.
    last = [environment for environment in seen if b"RAYON_NUM_THREADS" in environment]
    assert last
    assert not any(b"of-the-site" in environment for environment in last)


def test_too_much_memory_ends_the_child_alone(tmp_path: Path) -> None:
    template = "#let many = range(12000000)\n#many.len()"

    assert made(tmp_path, template, memory=4_000_000_000).pages == 1
    with pytest.raises(NotRendered, match="SIGABRT: too much memory"):
        made(tmp_path, template, memory=300_000_000)


def test_too_much_time_ends_the_child(tmp_path: Path) -> None:
    before, begun = children(), time.monotonic()

    with pytest.raises(NotRendered, match=r"longer than 2 seconds|SIGXCPU"):
        made(tmp_path, FOR_EVER, seconds=2)

    assert time.monotonic() - begun < 20
    assert children() <= before


def test_a_killed_parent_leaves_no_child(tmp_path: Path) -> None:
    path = tmp_path / "names.typ"
    path.write_text(f"{BEFORE}{FOR_EVER}{AFTER}")
    program = (
        "import sys, datetime, pathlib; from core.pdf.rendering import render_pdf; "
        "render_pdf(pathlib.Path(sys.argv[1]), 1, created=datetime.datetime.now(datetime.UTC))"
    )
    before = children()
    parent = subprocess.Popen([sys.executable, "-c", program, str(path)], cwd=ROOT)
    try:
        mine: set[str] = set()
        while not mine:
            mine = {child for child in children() - before if is_of(child, parent.pid)}
            assert parent.poll() is None
            time.sleep(0.05)
        time.sleep(0.5)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()

    until = time.monotonic() + 10
    while mine & children() and time.monotonic() < until:
        time.sleep(0.05)
    assert not mine & children()


def is_of(child: str, parent: int) -> bool:
    return f"PPid:\t{parent}\n".encode() in contents(Path("/proc", child, "status"))


def test_the_same_input_makes_the_same_bytes(tmp_path: Path) -> None:
    """In any process, under any locale, time zone and seed."""
    path = tmp_path / "names.typ"
    path.write_text(f"{BEFORE}= Names\n#data.join[, ]{AFTER}")
    program = (
        "import sys, datetime, pathlib, hashlib\n"
        "from core.pdf.rendering import render_pdf\n"
        "created = datetime.datetime(2026, 11, 28, 4, tzinfo=datetime.UTC)\n"
        "pdf = render_pdf(pathlib.Path(sys.argv[1]), ['Zoë', '王', 'علي', 'अ', 'שרה'], created=created)\n"
        "print(hashlib.sha256(pdf.content).hexdigest())"
    )
    surroundings = [
        {
            "LC_ALL": "C",
            "TZ": "Asia/Tokyo",
            "PYTHONHASHSEED": "1",
            "RAYON_NUM_THREADS": "1",
        },
        {"LC_ALL": "fr_CA.UTF-8", "TZ": "America/Toronto", "PYTHONHASHSEED": "2"},
    ]

    digests = {
        subprocess.check_output(
            [sys.executable, "-c", program, str(path)],
            cwd=ROOT,
            env=os.environ | surrounding,
        )
        for surrounding in surroundings
    }

    assert len(digests) == 1


def test_two_at_once(tmp_path: Path) -> None:
    path = tmp_path / "names.typ"
    path.write_text(f"{BEFORE}#for name in data [#name\n\n]{AFTER}")

    def one(number: int) -> bytes:
        return render_pdf(path, [f"Name {number}"] * 500, created=CREATED).content

    alone = [one(1), one(2)]
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(one, [1, 2, 1, 2]))

    assert together == alone * 2
