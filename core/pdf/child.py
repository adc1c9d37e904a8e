"""The script that typesets one PDF, in a process of its own (core/child/). It takes its
task as JSON on standard input and writes the PDF to standard output; a fault goes to
standard error, and it ends with 1.
"""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    task = json.load(sys.stdin)
    import typst

    folder = task["folder"]
    fonts = typst.Fonts(False, False, [f"{folder}/fonts"])
    links = sorted(os.scandir(f"{folder}/fonts"), key=lambda link: link.name)
    order = [os.path.realpath(link) for link in links]
    # Of a collection, which has a font for each country, the first.
    first = {font.path: font.family for font in fonts.fonts() if not font.index}
    families = dict.fromkeys(first[path] for path in order)
    compiler = typst.Compiler(
        input=f"{folder}/template.typ",
        root=folder,
        font_paths=fonts,
        sys_inputs={"data": task["data"], "fonts": json.dumps([*families])},
        package_path=f"{folder}/none",
        package_cache_path=f"{folder}/none",
    )
    try:
        content = compiler.compile(
            format="pdf", pdf_standards=["a-2a", "ua-1"], timestamp=task["created"]
        )
        pages = compiler.query("<pages>", field="value", one=True)
    except typst.TypstError as error:
        sys.exit("\n".join([error.message, error.diagnostic, *error.hints]))
    assert isinstance(content, bytes)
    sys.stdout.buffer.write(f"{pages}\n".encode() + content)


if __name__ == "__main__":
    main()
