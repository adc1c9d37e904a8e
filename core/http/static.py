"""Storage of static files in production."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from django.core.files.base import File
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
            lambda found: self._source(paths, f"{folder}/{found['name']}"), css
        )

    @staticmethod
    def _source(paths: dict[str, Any], name: str) -> str:
        storage, path = paths[name]
        with storage.open(path) as file:
            return bytes(file.read()).decode()
