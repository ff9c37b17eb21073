"""What a sandbox's database holds before its case begins."""

from decimal import Decimal

import pycountry
from babel import Locale
from django.contrib.sites.models import Site
from django.db import transaction
from oscar.core.loading import get_class, get_model

from fernhill.catalogue import Catalogue, Category, Product
from fernhill.countries import SHIPPING

# How many products of its category a product's page shows below it.
RELATED = 3

create_from_breadcrumbs = get_class("catalogue.categories", "create_from_breadcrumbs")


def seed(catalogue: Catalogue) -> None:
    """Fill the current, migrated and empty database with the shop."""
    with transaction.atomic():
        Site.objects.update(domain="fernhill.example", name="Fernhill Gifts")
        _seed_countries()
        product_class = get_model("catalogue", "ProductClass").objects.create(
            name="Gift", track_stock=True, requires_shipping=True
        )
        partner = get_model("partner", "Partner").objects.create(name="Fernhill Gifts")
        for category in catalogue.categories:
            rows = [_seed_product(product, product_class, partner) for product in category.products]
            _seed_category(category, rows)


def _seed_countries() -> None:
    names = Locale("en").territories
    model = get_model("address", "Country")
    for code in SHIPPING:
        country = pycountry.countries.lookup(code)
        # CLDR's English names are the everyday ones ("Taiwan", "Türkiye"); ISO's are legal ones.
        model.objects.create(
            iso_3166_1_a2=code,
            iso_3166_1_a3=country.alpha_3,
            iso_3166_1_numeric=country.numeric,
            printable_name=names[code],
            name=names[code],
            is_shipping_country=True,
        )


def _seed_product(product: Product, product_class: object, partner: object) -> object:
    row = get_model("catalogue", "Product").objects.create(
        product_class=product_class,
        title=product.title,
        upc=product.upc,
        description=product.description,
        # The home page shows the products of a raised priority.
        priority=int(product.featured),
        is_public=True,
    )
    get_model("partner", "StockRecord").objects.create(
        product=row,
        partner=partner,
        partner_sku=product.upc,
        price=Decimal(product.price),
        price_currency="USD",
        num_in_stock=product.stock,
    )
    return row


def _seed_category(category: Category, rows: list[object]) -> None:
    node = create_from_breadcrumbs(category.name)
    # Oscar shows a category's description nowhere on this shop's pages; the search reads it.
    node.description = category.words
    node.save()
    link = get_model("catalogue", "ProductCategory")
    related = get_model("catalogue", "ProductRecommendation")
    for place, row in enumerate(rows):
        link.objects.create(product=row, category=node)
        following = (rows[place + 1 :] + rows[:place])[:RELATED]
        for rank, other in enumerate(following):
            related.objects.create(primary=row, recommendation=other, ranking=RELATED - rank)
