"""The pages that exist: oscar's catalogue, search, basket and checkout, and a home page."""

from django.apps import apps
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, re_path, reverse_lazy
from oscar.apps.checkout.views import IndexView, PaymentMethodView, ShippingAddressView
from oscar.apps.search.views.search import FacetedSearchView

from fernhill.views import AddressForm, GuestForm, Home

oscar = apps.get_app_config


def missing(request: HttpRequest, *_: object, **__: object) -> HttpResponse:
    """Answer as if the page did not exist."""
    raise Http404


urlpatterns = [
    path("", Home.as_view(), name="home"),
    # There is nothing to choose or to fill in between the address and the order's review.
    path(
        "checkout/payment-method/",
        PaymentMethodView.as_view(success_url=reverse_lazy("checkout:preview")),
    ),
    path("checkout/", IndexView.as_view(form_class=GuestForm)),
    path("checkout/payment-details/", missing),
    path("checkout/shipping-address/", ShippingAddressView.as_view(form_class=AddressForm)),
    re_path("^(?:checkout/user-address|basket/vouchers|basket/saved|ranges)/", missing),
    path("basket/", oscar("basket").urls),
    path("checkout/", oscar("checkout").urls),
    # Haystack would load the products once more than `fernhill.search` does.
    path("search/", FacetedSearchView.as_view(load_all=False)),
    path("search/", oscar("search").urls),
    # At the root, because every link's path is part of what an agent reads of a page.
    path("", oscar("catalogue").urls),
]
