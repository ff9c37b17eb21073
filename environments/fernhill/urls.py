"""The pages that exist: oscar's catalogue, search, basket and checkout, and a home page."""

from django.apps import apps
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse_lazy
from oscar.core.loading import get_class

from fernhill.views import AddressForm, Home

oscar = apps.get_app_config


def missing(request: HttpRequest, **_: object) -> HttpResponse:
    """Answer as if the page did not exist."""
    raise Http404


ShippingAddress = get_class("checkout.views", "ShippingAddressView")
PaymentMethod = get_class("checkout.views", "PaymentMethodView")

urlpatterns = [
    path("", Home.as_view(), name="home"),
    # There is nothing to choose or to fill in between the address and the order's review.
    path(
        "checkout/payment-method/",
        PaymentMethod.as_view(success_url=reverse_lazy("checkout:preview")),
    ),
    path("checkout/payment-details/", missing),
    path("checkout/shipping-address/", ShippingAddress.as_view(form_class=AddressForm)),
    path("basket/vouchers/add/", missing),
    path("basket/saved/", missing),
    path("catalogue/ranges/<slug:slug>/", missing),
    path("catalogue/", oscar("catalogue").urls),
    path("basket/", oscar("basket").urls),
    path("checkout/", oscar("checkout").urls),
    path("search/", oscar("search").urls),
]
