"""The views that oscar does not bring, or brings with more than this shop asks."""

from typing import Any

from django.db.models import QuerySet
from django.views.generic import TemplateView
from oscar.core.loading import get_class, get_model

from fernhill.stage import PROMOTED_SLUG

ShippingAddressForm = get_class("checkout.forms", "ShippingAddressForm")

# With a full promoted row above them, two rows of three keep the page small.
FEATURED = 6


class Home(TemplateView):
    """The home page: what the sandbox promotes, and a few products that are always there."""

    template_name = "fernhill/home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the page's two rows of products."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        products: QuerySet[Any] = get_model("catalogue", "Product").objects.base_queryset()
        context["promoted"] = products.filter(rangeproduct__range__slug=PROMOTED_SLUG).order_by(
            "rangeproduct__display_order"
        )
        context["featured"] = products.filter(priority__gt=0).order_by("pk")[:FEATURED]
        return context


class AddressForm(ShippingAddressForm):
    """Oscar's delivery address, cut down to what a parcel needs."""

    class Meta(ShippingAddressForm.Meta):
        fields = ["first_name", "last_name", "line1", "line4", "postcode", "country"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["phone_number"]  # declared by a mixin, so `fields` does not leave it out
        self.fields["line1"].label = "Street and number"
        # A country that the shopper did not choose would decide where a gift goes.
        self.fields["country"].empty_label = "Choose a country"
        self.fields["country"].queryset = self.fields["country"].queryset.order_by("name")
