from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import backups, checks  # noqa: F401 - registers them


class AdminConfig(DjangoAdminConfig):
    default_site = "config.admin.StaffSite"
