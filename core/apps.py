from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "core"
    label = "config"  # of the tables
    verbose_name = _("This site")

    def ready(self) -> None:
        from core import checks  # noqa: F401 - registers them
        from core.audit.tables import keep_triggers
        from core.db import lists
        from core.i18n import formats
        from core.observability import (  # noqa: F401 - registers them
            backups,
            stops,
        )

        lists.let_lists_be_long()
        formats.let_ordinals_be_translated()
        post_migrate.connect(keep_triggers, sender=self)


class AdminConfig(DjangoAdminConfig):
    default_site = "organizations.site.Site"
