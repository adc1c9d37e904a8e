from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import backups, checks, formats  # noqa: F401 - registers them

        formats.let_ordinals_be_translated()


class AdminConfig(DjangoAdminConfig):
    default_site = "config.admin.StaffSite"
