from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class CoreConfig(AppConfig):
    name = "core"
    label = "config"  # of the tables

    def ready(self) -> None:
        from core import checks  # noqa: F401 - registers them
        from core.db import lists
        from core.i18n import formats
        from core.observability import backups  # noqa: F401 - registers them

        lists.let_lists_be_long()
        formats.let_ordinals_be_translated()


class AdminConfig(DjangoAdminConfig):
    default_site = "core.admin.site.StaffSite"
