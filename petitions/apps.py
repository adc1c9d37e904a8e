from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class PetitionsConfig(AppConfig):
    name = "petitions"
    verbose_name = _("Petitions")

    def ready(self) -> None:
        from config.loops import WORKER_LOOPS
        from petitions import probes  # noqa: F401 - registers them
        from petitions.loops import LOOPS

        WORKER_LOOPS[:] = LOOPS
        if settings.MAIL_WEBHOOKS:
            from petitions import webhooks  # noqa: F401 - listens to them
