"""Which site of this process answers: chosen by the host name of the request."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def site_of(host: str) -> str:
    """Return the URL tree of a host name; of an address, that of the first site."""
    name = host.partition(":")[0].lower()
    # Browsers take every name under `localhost` for loopback, so `--browse` needs no set-up.
    example = name.removesuffix(".localhost") + ".example"
    tree: str = settings.HOSTS.get(name) or settings.HOSTS.get(example, settings.ROOT_URLCONF)
    return tree


def route_by_host(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Return the middleware that sets a request's URL tree by its host (`settings.HOSTS`)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.urlconf = site_of(request.get_host())
        return get_response(request)

    return middleware
