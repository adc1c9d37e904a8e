from django.urls import path

from petitions.views import profile, sharing

app_name = "organizations"
urlpatterns = [
    path("organizations/", profile.organizations_list, name="index"),
    path("organizations/<uslug:slug>/", profile.profile, name="profile"),
    path(
        "organizations/<uslug:slug>/share.png",
        sharing.organization_png,
        name="share_png",
    ),
]
