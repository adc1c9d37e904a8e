from django.urls import path

from organizations import views

app_name = "organizations"
urlpatterns = [
    path("organizations/", views.index, name="index"),
    path("organizations/<uslug:slug>/", views.profile, name="profile"),
]
