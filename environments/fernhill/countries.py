"""Where the shop delivers to."""

# Forty-two countries across every region that the suites speak of; the world's 250 would fill an
# agent's view of the address page with nothing but options.
# fmt: off
SHIPPING = (
    "AE", "AU", "BD", "BE", "BR", "CA", "CH", "CN", "DE", "EG", "ES", "FI", "FR", "GB", "GR",
    "ID", "IE", "IL", "IN", "IT", "JP", "KE", "KR", "MX", "MY", "NG", "NL", "NO", "NZ", "PK",
    "PL", "RU", "SA", "SE", "SG", "TH", "TR", "TW", "UA", "US", "VN", "ZA",
)
# fmt: on
