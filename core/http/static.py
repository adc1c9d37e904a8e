"""Storage of static files in production."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.templatetags.static import static
from whitenoise.storage import CompressedManifestStaticFilesStorage

from core.http.styles import IMPORT


class BundlingStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Stores static files compressed, with hashed names. The imports of a style sheet
    are inlined, so that a page on a slow line waits for one file and not for a chain of
    them."""

    def post_process(
        self, paths: dict[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str, bool]]:
        bundles = {}
        for name in paths:
            if name.endswith(".css"):
                css = self._source(paths, name)
                bundle = self._bundle(paths, name, css)
                if bundle != css and not dry_run:
                    self.delete(name)
                    self._save(name, File(BytesIO(bundle.encode())))
                    bundles[name] = (self, name)
        yield from super().post_process({**paths, **bundles}, dry_run, **options)

    def _bundle(self, paths: dict[str, Any], name: str, css: str) -> str:
        folder = name.rpartition("/")[0]
        return IMPORT.sub(
            lambda match: self._source(paths, f"{folder}/{match['name']}"), css
        )

    @staticmethod
    def _source(paths: dict[str, Any], name: str) -> str:
        storage, path = paths[name]
        with storage.open(path) as file:
            return bytes(file.read()).decode()


def fault_of_static_files() -> str:
    """Return what is wrong with STATIC_ROOT, in a sentence: one of this code's files is
    missing, as after an update without a build, or cannot be read; "" for nothing."""
    if settings.DEBUG:
        return ""  # they are taken from where they were written
    root = Path(settings.STATIC_ROOT)
    fault = ""
    try:
        (root / BundlingStorage.manifest_name).stat()
        for name in names_of_ours():
            hashed = static(name).removeprefix(settings.STATIC_URL)
            with (root / hashed).open("rb"):
                pass
    except ValueError:
        fault = f"STATIC_ROOT ({root}) lacks files of this release"
    except (FileNotFoundError, NotADirectoryError) as error:
        fault = f"No static files in STATIC_ROOT ({root}): {error.filename} is missing"
    except OSError as error:
        fault = f"STATIC_ROOT ({root}) cannot be read ({error.strerror})"
    return fault and f"{fault}. Set it as it is here, and run: sh scripts/build.sh"


def names_of_ours() -> Iterator[str]:
    """Yield the names of this code's own static files."""
    for folder in map(Path, settings.STATICFILES_DIRS):
        for file in sorted(folder.rglob("[!.]*[!~]")):
            if file.is_file():
                yield file.relative_to(folder).as_posix()
