"""The views that oscar does not bring, or brings with more than this shop asks."""

from typing import Any, ClassVar

from babel import Locale
from django import forms
from django.db.models import QuerySet
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _
from django.views.generic import TemplateView
from oscar.apps.checkout.forms import ShippingAddressForm

from fernhill.shelf import products
from fernhill.stage import BESTSELLERS, PROMOTE, ROW, shelf

# Each row that the sandbox pushes takes one from those that are always there; one of them stays.
ROWS = 2


class Home(TemplateView):
    """The home page: what the sandbox pushes, and a few products that are always there."""

    template_name = "fernhill/home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the page's rows of products."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        pushed = {key: list(shelf(products(), key)) for key in (PROMOTE, BESTSELLERS)}
        taken = [row.pk for rows in pushed.values() for row in rows]
        featured = products().filter(priority__gt=0).exclude(pk__in=taken).order_by("pk")
        left = max(ROWS - sum(1 for rows in pushed.values() if rows), 1)
        return {**context, **pushed, "featured": featured[: left * ROW]}


class GuestForm(forms.Form):
    """Who orders. Oscar's form also offers to sign in or to register; this shop has no accounts."""

    username = forms.EmailField()

    def is_guest_checkout(self) -> bool:
        """Return True: oscar's view asks."""
        return True

    def is_new_account_checkout(self) -> bool:
        """Return False: oscar's view asks."""
        return False


class AddressForm(ShippingAddressForm):
    """Oscar's delivery address, cut down to what a parcel needs."""

    class Meta(ShippingAddressForm.Meta):
        fields: ClassVar = ["first_name", "last_name", "line1", "line4", "postcode", "country"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["phone_number"]  # declared by a mixin, so `fields` does not leave it out
        self.fields["line1"].label = _("Street and number")
        # A country that the shopper did not choose would decide where a gift goes.
        self.fields["country"].choices = [
            ("", _("Choose a country")),
            *_countries(self.fields["country"].queryset),
        ]


def _countries(rows: QuerySet[Any]) -> list[tuple[str, str]]:
    """Return the code and the name of each country, in the page's language and by that name."""
    names = Locale.parse(to_locale(get_language() or "en")).territories
    return sorted(((row.pk, names[row.pk]) for row in rows), key=lambda country: country[1])
