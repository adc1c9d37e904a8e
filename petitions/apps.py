from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PetitionsConfig(AppConfig):
    name = "petitions"
    verbose_name = _("Petitions")

    def ready(self) -> None:
        from config.loops import WORKER_LOOPS
        from petitions import probes  # noqa: F401 - registers them
        from petitions.loops import LOOPS

        WORKER_LOOPS[:] = LOOPS
