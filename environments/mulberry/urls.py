"""The pages that exist."""

from django.urls import path

from mulberry import views

TOPIC = "topic/<str:slug>-<int:pk>/"
POST = f"{TOPIC}<int:post>/"

urlpatterns = [
    path("", views.home, name="home"),
    path("search/", views.search, name="search"),
    path("board/<str:slug>-<int:pk>/", views.board, name="board"),
    path("board/<str:slug>-<int:pk>/start/", views.start, name="start"),
    path("member/<str:name>/", views.member, name="member"),
    path(TOPIC, views.topic, name="topic"),
    path(f"{TOPIC}reply/", views.reply, name="reply"),
    path(f"{POST}edit/", views.edit, name="edit"),
    path(f"{POST}like/", views.vote, {"like": True}, name="like"),
    path(f"{POST}unlike/", views.vote, {"like": False}, name="unlike"),
]

handler400 = "mulberry.views.misunderstood"
handler403 = "mulberry.views.refused"
handler404 = "mulberry.views.missing"
handler500 = "mulberry.views.failed"
