"""Failed polls by how soon to try again. Nothing is dropped: a hard failure is tried again too."""

from typing import Final

# Time seldom heals these: (kind, why). All others are soft: 404, 429, 403, 5xx, timeouts, bot walls, error pages ...
_HARD: Final = (
    ("blocked", "the address is not allowed, or not public"),
    ("redirects", "a loop, mostly of a site that wants cookies"),
    ("too_large", "no feed grows smaller"),
    ("xml", "another document, or one that is refused"),
    ("json", "no JSON Feed"),
    ("http_400", "the request is wrong"),
    ("http_401", "credentials are missing or wrong"),
    ("http_402", "a subscription is missing"),
    ("http_405", "the method is wrong"),
    ("http_406", "our Accept header is refused"),
    ("http_451", "legal reasons"),
    ("gone", "410: it is not coming back"),
)

HARD: Final = frozenset(kind for kind, _ in _HARD)
