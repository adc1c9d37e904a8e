from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PetitionsConfig(AppConfig):
    name = "petitions"
    verbose_name = _("Petitions")

    def ready(self) -> None:
        from config.loops import WORKER_LOOPS
        from petitions import checks, probes  # noqa: F401 - registers them
        from petitions.keys import make_first_version
        from petitions.loops import LOOPS

        WORKER_LOOPS[:] = LOOPS
        post_migrate.connect(make_first_version, sender=self)
