"""The codes of ISO 3166-1 alpha-2, from CLDR as babel ships it: the only file of this service that imports babel."""

from functools import cache

from babel import Locale

# CLDR's territories that are none: exceptional reservations, groupings, test and user-assigned codes.
_OTHERS = frozenset({"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"})


@cache
def country_codes() -> frozenset[str]:
    """Return the 249 codes."""
    found = map(str, Locale.parse("en").territories)
    return frozenset(code for code in found if len(code) == 2 and code.isalpha()) - _OTHERS
