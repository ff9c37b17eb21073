"""Which site of this process answers: chosen by the host name of the request."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def route_by_host(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Return the middleware that sets a request's URL tree by its host (`settings.HOSTS`)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        host = request.get_host().partition(":")[0].lower()
        request.urlconf = settings.HOSTS.get(host, settings.ROOT_URLCONF)
        return get_response(request)

    return middleware
