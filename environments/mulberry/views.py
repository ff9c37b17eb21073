"""The forum's pages, over machina's models and by its permissions."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.core.paginator import InvalidPage, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from machina.apps.forum_permission.handler import PermissionHandler
from machina.core.db.models import get_model
from town.presentation import arranged, current

from mulberry import paths, threads
from mulberry.forms import EditForm, ReplyForm, TopicForm
from mulberry.models import Vote
from mulberry.search import search as find

# How many topics of each board the home page shows, and how many posts a member's page.
LATEST, RECENT = 2, 5


def home(request: HttpRequest) -> HttpResponse:
    """Show every board with its latest topics."""
    boards = list(threads.boards())
    rows = [(board, arranged(threads.topics().filter(forum=board)[:LATEST])) for board in boards]
    return _page(request, "home", {"boards": boards, "rows": rows})


def board(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Show the topics of a board."""
    board = _board(request, slug, pk)
    page = _part(request, threads.topics().filter(forum=board), threads.TOPICS)
    page.object_list = arranged(page.object_list)
    may_start = PermissionHandler().can_add_topic(board, request.user)
    return _page(
        request, "board", {"board": board, "here": board.pk, "page": page, "may_start": may_start}
    )


def topic(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Show the posts of a topic."""
    topic = _topic(request, slug, pk)
    sort = _sort(request)
    handler = PermissionHandler()
    page = _part(request, threads.posts(topic, sort), threads.POSTS)
    if not sort:
        page.object_list = arranged(page.object_list, ahead=[topic.first_post_id])
    liked: set[int] = set()
    if request.user.is_authenticated:
        given = Vote.objects.filter(member=request.user, post__topic=topic)
        liked = set(given.values_list("post_id", flat=True))
    context = {
        "topic": topic,
        "here": topic.forum_id,
        "page": page,
        "sort": sort,
        "usual": _("In no particular order") if current().order else _("Most liked first"),
        "liked": liked,
        "may_reply": handler.can_add_post(topic, request.user),
    }
    return _page(request, "topic", context)


def search(request: HttpRequest) -> HttpResponse:
    """Show the topics that fit a query."""
    query = request.GET.get("q", "").strip()
    page = _part(request, find(query), threads.RESULTS)
    page.object_list = arranged(page.object_list, lambda found: found.topic.pk)
    link = f"{urlencode({'q': query})}&"
    return _page(request, "search", {"query": query, "page": page, "link": link})


def reply(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Let a member reply to a topic."""
    topic = _topic(request, slug, pk)
    _require(PermissionHandler().can_add_post(topic, request.user))
    form = ReplyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        post = get_model("forum_conversation", "Post").objects.create(
            topic=topic,
            poster=request.user,
            subject=f"Re: {topic.subject}",
            content=form.cleaned_data["text"],
        )
        messages.success(request, _("Your reply was posted."))
        return redirect(_place(topic, post.pk, ""))
    return _page(request, "reply", {"topic": topic, "form": form, "here": topic.forum_id})


def start(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Let a member start a topic."""
    board = _board(request, slug, pk)
    _require(PermissionHandler().can_add_topic(board, request.user))
    form = TopicForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        model, title = get_model("forum_conversation", "Topic"), form.cleaned_data["title"]
        topic = model.objects.create(
            forum=board,
            poster=request.user,
            subject=title,
            type=model.TOPIC_POST,
            status=model.TOPIC_UNLOCKED,
        )
        get_model("forum_conversation", "Post").objects.create(
            topic=topic,
            poster=request.user,
            subject=title,
            content=form.cleaned_data["text"],
        )
        messages.success(request, _("Your topic was posted."))
        return redirect(paths.topic(topic))
    return _page(request, "start", {"board": board, "form": form, "here": board.pk})


def edit(request: HttpRequest, slug: str, pk: int, post: int) -> HttpResponse:
    """Let a member edit a post of their own, and the title of a topic that they started."""
    topic = _topic(request, slug, pk)
    row = get_object_or_404(topic.posts, pk=post)
    _require(PermissionHandler().can_edit_post(row, request.user))
    opens = row.pk == topic.first_post_id
    now = {"text": row.content.raw, **({"title": topic.subject} if opens else {})}
    form = (TopicForm if opens else EditForm)(request.POST or None, initial=now)
    if request.method == "POST" and form.is_valid():
        if form.has_changed():
            row.content = form.cleaned_data["text"]
            row.subject = form.cleaned_data.get("title", row.subject)
            row.updated_by = request.user
            row.updates_count += 1
            row.save()
        messages.success(request, _("Your post was changed."))
        return redirect(_place(topic, row.pk, ""))
    return _page(request, "edit", {"topic": topic, "form": form, "here": topic.forum_id})


@require_POST
def vote(request: HttpRequest, slug: str, pk: int, post: int, *, like: bool) -> HttpResponse:
    """Let a member like a post of somebody else, or take that back."""
    topic = _topic(request, slug, pk)
    row = get_object_or_404(topic.posts, pk=post)
    _require(request.user.is_authenticated and row.poster_id != request.user.pk)
    if like:
        Vote.objects.get_or_create(post=row, member=request.user)
    else:
        Vote.objects.filter(post=row, member=request.user).delete()
    return redirect(_place(topic, row.pk, _sort(request)))


def member(request: HttpRequest, name: str) -> HttpResponse:
    """Show who a member is, and where they wrote last."""
    person = get_object_or_404(
        get_user_model().objects.select_related("forum_profile"), username=name
    )
    posts = person.posts.select_related("topic").order_by("-created", "-pk")[:RECENT]
    return _page(request, "member", {"person": person, "posts": posts})


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that only members can do this."""
    return _page(request, "refused", {}, status=403)


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that there is no such page."""
    return _page(request, "missing", {}, status=404)


def misunderstood(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that the request makes no sense."""
    return render(request, "mulberry/wrong.html", {"status": 400}, status=400)


def failed(request: HttpRequest) -> HttpResponse:
    """Say that the forum failed; nothing is read from the database, which may be the cause."""
    return render(request, "mulberry/wrong.html", {"status": 500}, status=500)


def _page(
    request: HttpRequest, name: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    context = {"boards": threads.boards(), **context}
    return render(request, f"mulberry/{name}.html", context, status=status)


def _part(request: HttpRequest, rows: Any, size: int) -> Any:
    try:
        return Paginator(rows, size).page(request.GET.get("page", 1))
    except InvalidPage:
        raise Http404 from None


def _board(request: HttpRequest, slug: str, pk: int) -> Any:
    board = get_object_or_404(threads.boards(), slug=slug, pk=pk)
    _require(PermissionHandler().can_read_forum(board, request.user))
    return board


def _topic(request: HttpRequest, slug: str, pk: int) -> Any:
    rows = threads.topics().select_related("forum", "first_post__poster")
    topic = get_object_or_404(rows, slug=slug, pk=pk)
    _require(PermissionHandler().can_read_forum(topic.forum, request.user))
    return topic


def _sort(request: HttpRequest) -> str:
    return threads.OLDEST if request.GET.get("sort") == threads.OLDEST else ""


def _place(topic: Any, post: int, sort: str) -> str:
    """Return where a post of a topic stands."""
    number = threads.page_of(topic, post, sort)
    parts = [f"sort={sort}"] * bool(sort) + [f"page={number}"] * (number > 1)
    return f"{paths.topic(topic)}{'?' if parts else ''}{'&'.join(parts)}#post-{post}"


def _require(allowed: bool) -> None:
    if not allowed:
        raise PermissionDenied
