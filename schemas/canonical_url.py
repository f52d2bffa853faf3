"""One address for one article, whichever way a feed links to it: what makes two items of two feeds the same item.

The rules are the tables below, each line with its source. To add a rule, add a line and a row to its test.
The result is for comparing, not for visiting: `www.` is gone and http has become https.
"""

import re
from typing import Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

from schemas.errors import Invalid

MAX_LENGTH: Final = 8_000  # characters; beyond it the search engine keeps no keyword

# (query parameter, lower case; * ends a prefix, source)
TRACKING_PARAMETERS: Final = (
    ("utm_*", "Google Analytics campaigns; ClearURLs rules, globalRules"),
    ("utm", "ClearURLs rules, globalRules"),
    ("ga_*", "Google Analytics; ClearURLs rules, globalRules"),
    ("_ga", "Google Analytics; tracking-query-params-registry"),
    ("_gl", "Google Analytics linker; ClearURLs rules, globalRules"),
    ("gclid", "Google Ads click; tracking-query-params-registry"),
    ("gclsrc", "Google Ads click; tracking-query-params-registry"),
    ("dclid", "Google Display click; ClearURLs rules, globalRules"),
    ("gbraid", "Google Ads click; platform-url-click-id-parameters"),
    ("wbraid", "Google Ads click; platform-url-click-id-parameters"),
    ("srsltid", "Google Shopping; platform-url-click-id-parameters"),
    ("fbclid", "Facebook click; tracking-query-params-registry"),
    ("fb_action_*", "Facebook; ClearURLs rules, globalRules"),
    ("fb_source", "Facebook; ClearURLs rules, globalRules"),
    ("fb_ref", "Facebook; ClearURLs rules, globalRules"),
    ("igshid", "Instagram share; platform-url-click-id-parameters"),
    ("msclkid", "Microsoft Advertising click; tracking-query-params-registry"),
    ("yclid", "Yandex click; ClearURLs rules, globalRules"),
    ("_openstat", "OpenStat; ClearURLs rules, globalRules"),
    ("twclid", "Twitter click; ClearURLs rules, globalRules"),
    ("__twitter_impression", "Twitter; ClearURLs rules, globalRules"),
    ("ttclid", "TikTok click; platform-url-click-id-parameters"),
    ("li_fat_id", "LinkedIn; platform-url-click-id-parameters"),
    ("epik", "Pinterest; tracking-query-params-registry"),
    ("action_object_map", "Facebook; ClearURLs rules, globalRules"),
    ("action_ref_map", "Facebook; ClearURLs rules, globalRules"),
    ("action_type_map", "Facebook; ClearURLs rules, globalRules"),
    ("mibextid", "Facebook share; seen in links shared from its app"),
    ("igsh", "Instagram share, later name of igshid; seen in links shared from its app"),
    ("gs_l", "Google search; ClearURLs rules, globalRules"),
    ("mtm_*", "Matomo campaigns; ClearURLs rules, globalRules"),
    # pk_ alone would be "primary key", too
    ("pk_campaign", "Matomo campaigns, former name; Matomo documentation, tracking campaigns"),
    ("pk_cid", "Matomo campaigns, former name; Matomo documentation, tracking campaigns"),
    ("pk_content", "Matomo campaigns, former name; Matomo documentation, tracking campaigns"),
    ("pk_keyword", "Matomo campaigns, former name; Matomo documentation, tracking campaigns"),
    ("pk_kwd", "Matomo campaigns, former name; Matomo documentation, tracking campaigns"),
    ("pk_medium", "Matomo campaigns, former name; Matomo documentation, tracking campaigns"),
    ("pk_source", "Matomo campaigns, former name; Matomo documentation, tracking campaigns"),
    ("otm_*", "Odnoklassniki; ClearURLs rules, globalRules"),
    ("hmb_campaign", "Humble; ClearURLs rules, globalRules"),
    ("hmb_medium", "Humble; ClearURLs rules, globalRules"),
    ("hmb_source", "Humble; ClearURLs rules, globalRules"),
    ("rb_clickid", "click id; ClearURLs rules, globalRules"),
    ("tracking_source", "ClearURLs rules, globalRules"),
    ("__s", "Drip; ClearURLs rules, globalRules"),
    ("guccounter", "Yahoo's consent page; seen in links of its sites"),
    ("guce_referrer*", "Yahoo's consent page; seen in links of its sites"),
    ("mc_cid", "Mailchimp campaign; tracking-query-params-registry"),
    ("mc_eid", "Mailchimp reader; tracking-query-params-registry"),
    ("mc_tc", "Mailchimp; ClearURLs rules, globalRules"),
    ("mkt_tok", "Marketo; ClearURLs rules, globalRules"),
    ("_hsenc", "HubSpot; ClearURLs rules, globalRules"),
    ("_hsmi", "HubSpot; platform-url-click-id-parameters"),
    ("__hsfp", "HubSpot; ClearURLs rules, globalRules"),
    ("__hssc", "HubSpot; ClearURLs rules, globalRules"),
    ("__hstc", "HubSpot; ClearURLs rules, globalRules"),
    ("hsctatracking", "HubSpot; ClearURLs rules, globalRules"),
    ("ml_subscriber*", "MailerLite; ClearURLs rules, globalRules"),
    ("oly_anon_id", "Olytics; ClearURLs rules, globalRules"),
    ("oly_enc_id", "Olytics; ClearURLs rules, globalRules"),
    ("vero_conv", "Vero; ClearURLs rules, globalRules"),
    ("vero_id", "Vero; ClearURLs rules, globalRules"),
    ("wickedid", "Wicked Reports; ClearURLs rules, globalRules"),
    ("s_cid", "Adobe Analytics; ClearURLs rules, globalRules"),
    ("s_kwcid", "Adobe Analytics; tracking-query-params-registry"),
    ("ef_id", "Adobe Advertising; tracking-query-params-registry"),
    ("icid", "internal campaign; platform-url-click-id-parameters"),
    ("itm_*", "internal campaign; ClearURLs rules, globalRules"),
    ("cmp", "campaign, theguardian.com and cbc.ca; seen in their feeds' links"),
    ("cmpid", "campaign; ClearURLs rules, globalRules"),
    ("wt.mc_id", "Webtrends campaign; seen in links of telegraph.co.uk"),
    ("at_*", "AT Internet (Piano); seen in links of bbc.co.uk and france24.com"),
    ("xtor", "AT Internet, e.g. xtor=RSS-3208; seen in links of lemonde.fr and others"),
    ("traffic_source", "seen in the feed of aljazeera.com: traffic_source=rss"),
    ("maca", "seen in the feeds of dw.com: maca=en-rss-en-all-1573-rdf"),
    ("echobox", "Echobox; ClearURLs rules, globalRules"),
    ("usqp", "Google AMP viewer; seen in AMP links"),
    ("amp_js_v", "Google AMP viewer; seen in AMP links"),
    ("amp_gsa", "Google AMP viewer; seen in AMP links"),
)

# (host without prefix or a domain that ends it, query parameter): too general a name to be dropped everywhere
TRACKING_PARAMETERS_OF: Final = (
    ("nytimes.com", "partner", "seen in its feeds: partner=rss&emc=rss"),
    ("nytimes.com", "emc", "seen in its feeds: partner=rss&emc=rss"),
    ("nytimes.com", "smid", "seen in shared links: smid=url-share"),
    ("nytimes.com", "_r", "seen in links from its feeds: _r=0"),
    ("medium.com", "source", "ClearURLs rules, medium.com; its feeds: source=rss----1"),
    ("reuters.com", "taid", "ClearURLs rules, reuters.com"),
    ("msn.com", "cvid", "ClearURLs rules, msn"),
    ("msn.com", "ocid", "ClearURLs rules, msn"),
    ("twitter.com", "ref_src", "ClearURLs rules, twitter"),
    ("twitter.com", "s", "ClearURLs rules, twitter"),
    ("twitter.com", "t", "ClearURLs rules, twitter"),
    ("elpais.com", "ssm", "seen in shared links: ssm=whatsapp"),
)

# (query parameter, lower case, source)
SESSION_PARAMETERS: Final = (
    ("jsessionid", "Jakarta Servlet 6.0, 7.1.3"),
    ("phpsessid", "PHP manual, session.name"),
    ("aspsessionid*", "Microsoft ASP session cookies"),
    ("cfid", "ColdFusion session"),
    ("cftoken", "ColdFusion session"),
)
# (pattern of what stands in a path for a session, source)
SESSION_IN_PATH: Final = (
    (re.compile(r";(?:jsessionid|phpsessid)=[^/;]*", re.IGNORECASE), "as a parameter: RFC 3986, 3.3; Jakarta Servlet"),
    (re.compile(r"/\((?:[A-Z]\([^()/]*\))+\)(?=/)"), "cookieless sessions of ASP.NET: /(S(id))/page.aspx"),
)

# (query parameter, its value in lower case): the AMP variant of a page
AMP_PARAMETERS: Final = (
    ("amp", "", "AMP plugin for WordPress: ?amp"),
    ("amp", "1", "AMP plugin for WordPress: ?amp=1"),
    ("outputtype", "amp", "Arc XP sites: ?outputType=amp"),
)
# (pattern of the path, what takes its place)
AMP_PATHS: Final = (
    (re.compile(r"(?<=[^/])/amp/?$", re.IGNORECASE), "", "AMP plugin for WordPress: /article/amp/"),
    (re.compile(r"^/amp(?=/[^/])", re.IGNORECASE), "", "seen: /amp/section/article"),
    (re.compile(r"(?<=[^/])\.amp(?=(\.html?)?$)", re.IGNORECASE), "", "seen: article.amp, article.amp.html"),
)
# Services that show other sites' pages: (pattern of host and path, s where it is https, the address within).
AMP_VIEWERS: Final = (
    (re.compile(r"^google\.[a-z.]+/amp/(s/)?([^/]+\..+)$"), "Google AMP viewer; ClearURLs rules, google"),
    (re.compile(r"^(?:[^/]+\.)?cdn\.ampproject\.org/[cv]/(s/)?([^/]+\..+)$"), "AMP cache URL format; amp.dev"),
)

# (label at the front of a host, source)
HOST_PREFIXES: Final = (
    ("www", "the same site with and without; mediacloud/metadata-lib, normalize_url"),
    ("m", "mobile site; mediacloud/metadata-lib, normalize_url"),
    ("mobile", "mobile site"),
    ("amp", "AMP site, e.g. amp.theguardian.com"),
)
# Labels that make a suffix with the one after them (co.uk): a prefix is never taken from what is then no site at all.
SECOND_LEVEL: Final = frozenset(["ac", "co", "com", "edu", "go", "gob", "gouv", "gov", "ne", "net", "or", "org"])

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_PATH_SAFE: Final = "/:@!$&'()*+,;=~%"
_QUERY_SAFE: Final = "/:@!$'()*+,;=~?%"
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_HOST: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?")


def canonical_url(url: str) -> str:
    """Return the canonical form. Raises Invalid (`url`) for what is not an http(s) URL with a host.

    Idempotent: the rules are applied until they change nothing.
    """
    for _ in range(20):
        canonical = _apply(url)
        if canonical == url:
            return canonical
        url = canonical
    raise Invalid(f"the URL has no canonical form: {url[:200]!r}", reason="url")


def _apply(url: str) -> str:
    if len(url) > MAX_LENGTH:
        raise Invalid(f"the URL has {len(url)} characters, more than {MAX_LENGTH}", reason="url")
    try:
        # The characters that browsers drop or turn around: WHATWG URL, 4.1 and 4.4.
        parts = urlsplit(url.strip(" \t\n\r\f\v\0").replace("\\", "/"))
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Invalid(f"not a URL ({error}): {url[:200]!r}", reason="url") from error
    if parts.scheme not in _DEFAULT_PORTS or not host:
        raise Invalid(f"not an http or https URL: {url[:200]!r}", reason="url")
    host, path, query = _host(host), _escaped(parts.path, _PATH_SAFE), _escaped(parts.query, _QUERY_SAFE + "&")
    for pattern, _source in AMP_VIEWERS:
        if found := pattern.match(host + path):
            return f"{'https' if found[1] else 'http'}://{found[2]}{'?' if query else ''}{query}"
    plain = port is None or port == _DEFAULT_PORTS[parts.scheme]  # RFC 3986, 6.2.3
    scheme = "https" if plain else parts.scheme
    # "#!" names content (Google's former AJAX crawling scheme); every other fragment is a place in the page.
    fragment = "#" + _escaped(parts.fragment, _QUERY_SAFE + "&") if parts.fragment.startswith("!") else ""
    return f"{scheme}://{host}{'' if plain else f':{port}'}{_path(path)}{_query(query, host)}{fragment}"


def _host(host: str) -> str:
    """Lower case, IDN as Punycode (UTS 46, as browsers do), no dot at the end, no prefix that names a variant."""
    if ":" in host:
        return f"[{host.lower()}]"
    if not host.isascii() or "%" in host:
        import idna  # its tables are large, and few hosts need them

        try:
            host = idna.encode(unquote_to_bytes(host).decode(), uts46=True).decode()
        except (idna.IDNAError, UnicodeError) as error:
            raise Invalid(f"not a host name ({error}): {host[:200]!r}", reason="url") from error
    host = host.lower().rstrip(".")
    if not _HOST.fullmatch(host) or ".." in host:
        raise Invalid(f"not a host name: {host[:200]!r}", reason="url")
    prefixes = {prefix for prefix, _source in HOST_PREFIXES}
    labels = host.split(".")
    while len(labels) > 2 and labels[0] in prefixes and not (len(labels) == 3 and labels[1] in SECOND_LEVEL):
        labels = labels[1:]
    return ".".join(labels)


def _path(path: str) -> str:
    """Dot segments resolved, no session id, no AMP, no slash at the end."""
    path = _without_dot_segments(path)
    for session, _source in SESSION_IN_PATH:
        path = session.sub("", path)
    for pattern, replacement, _source in AMP_PATHS:
        path = pattern.sub(replacement, path)
    return path.rstrip("/") or "/"


def _query(query: str, host: str) -> str:
    """The parameters that choose content, in the order of their names; with the question mark, or empty."""
    kept = []
    for parameter in query.split("&"):
        name, _, value = parameter.partition("=")
        if parameter and not _is_noise(name.lower(), value.lower(), host):
            kept.append(parameter)
    kept.sort(key=lambda parameter: parameter.partition("=")[0])
    return "?" + "&".join(kept) if kept else ""


def _is_noise(name: str, value: str, host: str) -> bool:
    return (
        name in _EXACT
        or name.startswith(_PREFIXES)
        or (name, value) in _AMP
        or any(name == noise and f".{host}".endswith(f".{site}") for site, noise, _source in TRACKING_PARAMETERS_OF)
    )


_NOISE: Final = [name for name, _source in TRACKING_PARAMETERS + SESSION_PARAMETERS]
_EXACT: Final = frozenset(name for name in _NOISE if not name.endswith("*"))
_PREFIXES: Final = tuple(name[:-1] for name in _NOISE if name.endswith("*"))
_AMP: Final = frozenset((name, value) for name, value, _source in AMP_PARAMETERS)


def _escaped(text: str, safe: str) -> str:
    """Escapes in upper case, none of unreserved characters, all of what may not stand in a URL: RFC 3986, 6.2.2."""
    text = _STRAY_PERCENT.sub("%25", text)
    text = quote(text.encode("utf-8", "replace"), safe=safe)
    return _ESCAPE.sub(lambda found: _unescaped(int(found[1], 16)), text)


def _unescaped(byte: int) -> str:
    return chr(byte) if chr(byte) in _UNRESERVED else f"%{byte:02X}"


def _without_dot_segments(path: str) -> str:
    """RFC 3986, 5.2.4."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    if segments and segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
