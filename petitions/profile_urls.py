from django.urls import path

from petitions.views import profile

app_name = "organizations"
urlpatterns = [
    path("organizations/", profile.index, name="index"),
    path("organizations/<uslug:slug>/", profile.profile, name="profile"),
]
