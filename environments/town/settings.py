"""Django settings of both sites.

The shop is oscar without accounts, dashboard, reviews or wish lists; the forum is machina without
its search, feeds, moderation and read marks.
"""

from pathlib import Path

from oscar.defaults import *  # noqa: F403  (oscar's documented way to take its defaults)

ENVIRONMENTS = Path(__file__).resolve().parent.parent

# The host names that the engine's browser maps to this process, and what answers there.
HOSTS = {"fernhill.example": "fernhill.urls", "mulberry.example": "mulberry.urls"}
ALLOWED_HOSTS = [*HOSTS, "127.0.0.1", ".localhost"]
ROOT_URLCONF = "fernhill.urls"

DEBUG = False
# No secret: a sandbox holds made-up data for one visitor, and cookies signed alike in every
# process are part of what makes a repeated case identical.
SECRET_KEY = "sandboxes-hold-nothing-that-needs-a-secret"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", "English"),
    ("de", "Deutsch"),
    ("ja", "日本語"),
    ("zh-hans", "简体中文"),
    ("ar", "العربية"),
]
LOCALE_PATHS = [ENVIRONMENTS / "locale"]
SITE_ID = 1
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASES = {
    "default": {
        "ENGINE": "town.database",
        "NAME": "the file of the request's sandbox",
        "ATOMIC_REQUESTS": True,
        "CONN_MAX_AGE": 0,
        # A sandbox does not outlive its process, so nothing is gained by waiting for the disk.
        "OPTIONS": {"init_command": "PRAGMA synchronous=OFF;PRAGMA journal_mode=MEMORY;"},
    }
}


class _FromModels(dict[str, None]):
    """Every app's tables are made from its models of today: 2 s instead of 20 s of history."""

    def __contains__(self, label: object) -> bool:
        return True

    def __getitem__(self, label: str) -> None:
        return None


MIGRATION_MODULES = _FromModels()

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "KEY_FUNCTION": "town.tenancy.cache_key",
    },
    # Machina asks for it when its attachments are loaded; the forum takes none.
    "machina_attachments": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
}
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sites",
    "fernhill.apps.Shop",
    "oscar.apps.analytics.apps.AnalyticsConfig",
    "oscar.apps.checkout.apps.CheckoutConfig",
    "oscar.apps.address.apps.AddressConfig",
    "oscar.apps.shipping.apps.ShippingConfig",
    "oscar.apps.catalogue.apps.CatalogueOnlyConfig",
    "oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig",
    "oscar.apps.communication.apps.CommunicationConfig",
    "oscar.apps.partner.apps.PartnerConfig",
    "oscar.apps.basket.apps.BasketConfig",
    "oscar.apps.payment.apps.PaymentConfig",
    "oscar.apps.offer.apps.OfferConfig",
    "oscar.apps.order.apps.OrderConfig",
    "fernhill.apps.Customer",
    "fernhill.apps.Dashboard",
    "oscar.apps.search.apps.SearchConfig",
    "oscar.apps.voucher.apps.VoucherConfig",
    "oscar.apps.wishlists.apps.WishlistsConfig",
    "haystack",
    "treebeard",
    "mptt",
    "machina.apps.forum",
    "machina.apps.forum_conversation",
    # The tables that machina's conversation refers to; no page leads to either.
    "machina.apps.forum_conversation.forum_attachments",
    "machina.apps.forum_conversation.forum_polls",
    "machina.apps.forum_member",
    "machina.apps.forum_permission",
    "mulberry.apps.Mulberry",
]

# No CsrfViewMiddleware: its tokens differ from page to page, and there is nothing to forge. A
# sandbox has one visitor, is reached over loopback alone and only with a header that no foreign
# page can add.
MIDDLEWARE = [
    "town.hosts.route_by_host",
    "town.language.speak",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "oscar.apps.basket.middleware.BasketMiddleware",
]
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
# Cookies without a date end with the browser; a date would be compared with the frozen clock.
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
OSCAR_BASKET_COOKIE_LIFETIME = None

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ENVIRONMENTS / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "town.language.document",
                "fernhill.context.shop",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "fernhill.templatetags.fernhill",
                "mulberry.templatetags.mulberry",
            ],
        },
    }
]
STATIC_URL = "/static/"

HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "fernhill.search.OrmEngine"}}
HAYSTACK_SIGNAL_PROCESSOR = "haystack.signals.BaseSignalProcessor"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    # An unhandled error of a page must reach the operator: the page itself says nothing.
    "loggers": {
        "django.request": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
        # That requests wait while many cases run at once is as it should be.
        "waitress.queue": {"level": "ERROR"},
    },
}

OSCAR_SHOP_NAME = "Fernhill Gifts"
OSCAR_SHOP_TAGLINE = ""
OSCAR_HOMEPAGE = "/"
OSCAR_DEFAULT_CURRENCY = "USD"
OSCAR_ALLOW_ANON_CHECKOUT = True
OSCAR_INITIAL_ORDER_STATUS = "Placed"
OSCAR_INITIAL_LINE_STATUS = "Placed"
# Not the postcode: several of the countries that the shop delivers to have none.
OSCAR_REQUIRED_ADDRESS_FIELDS = ("first_name", "last_name", "line1", "line4", "country")
# Two rows in a browser, and all of an agent's view of the page in some 900 tokens.
OSCAR_PRODUCTS_PER_PAGE = 8
OSCAR_SEARCH_FACETS: dict[str, dict[str, object]] = {"fields": {}, "queries": {}}
OSCAR_MISSING_IMAGE_URL = ""

MACHINA_FORUM_NAME = "Mulberry Square"
# Posts are plain text: what machina would read as Markdown is escaped, in paragraphs.
MACHINA_MARKUP_LANGUAGE = ("django.utils.html.linebreaks", {"autoescape": True})
# Machina's own editor fetches a font from another host.
MACHINA_MARKUP_WIDGET = "django.forms.Textarea"
MACHINA_DEFAULT_AUTHENTICATED_USER_FORUM_PERMISSIONS = [
    "can_see_forum",
    "can_read_forum",
    "can_start_new_topics",
    "can_reply_to_topics",
    "can_edit_own_posts",
    "can_post_without_approval",
]
