"""News sitemaps: a urlset of the last two days' articles (developers.google.com, News sitemaps; sitemaps.org)."""

from typing import Final
from xml.parsers import expat

import msgspec

from services.ingest.formats import markup
from services.ingest.formats.absolute_url import absolute_url
from services.ingest.formats.dates import Dates
from services.ingest.formats.html_text import inline_text
from services.ingest.formats.parsed_feed import MAX_RAW_DATE, MAX_TITLE, Entry, NotAFeed, ParsedFeed, language_code

_NEWS_NAMESPACE: Final = "google.com/schemas/sitemap-news/"
# path within <url>, without prefixes: what it is
_FIELDS: Final = {
    "loc": "loc",
    "news/title": "title",
    "news/publication_date": "date",
    "news/publication/name": "publication",
    "news/publication/language": "language",
    "image/loc": "image",
}


class _Article(msgspec.Struct):
    loc: str = ""
    title: str = ""
    date: str = ""
    publication: str = ""
    language: str = ""
    image: str = ""


def read(text: str, url: str, damaged: list[str]) -> ParsedFeed:
    """Return the articles of a sitemap at `url`; those of its addresses that are no news are left out.

    One without a single article is a feed where it declares that it is one of news. Raises NotAFeed.
    """
    mended = markup.mend(text, ends=frozenset(("url",)))
    articles, wrong = _articles(mended.text)
    if not articles and (wrong or _NEWS_NAMESPACE not in text[:5_000] or "<url>" in text):
        raise NotAFeed("sitemap", f"a sitemap, but not one of news: no news:news in it{wrong and '; ' + wrong}")
    publications = {article.publication for article in articles}
    languages = {language_code(article.language) for article in articles}
    one = len(publications) == 1
    dates = Dates(None)
    return ParsedFeed(
        title=inline_text(publications.pop())[:MAX_TITLE] if one else "",
        language=languages.pop() if len(languages) == 1 else None,
        entries=[_entry(article, url, dates, names_source=not one) for article in articles],
        format="news_sitemap",
        damaged="; ".join(filter(None, [*damaged, *mended.damaged, wrong])) or None,
    )


def _entry(article: _Article, base: str, dates: Dates, names_source: bool) -> Entry:
    return Entry(
        entry_id=None,
        url=absolute_url(article.loc, base),
        title=inline_text(article.title),
        summary="",
        text="",
        authors=[],
        image_url=absolute_url(article.image, base),
        published_at=dates.read(article.date),
        published_raw=article.date[:MAX_RAW_DATE] or None,
        source_title=inline_text(article.publication)[:MAX_TITLE] or None if names_source else None,
    )


def _articles(text: str) -> tuple[list[_Article], str]:
    """The articles up to where the document breaks off, and why it does. Prefixes count for nothing."""
    path: list[str] = []
    articles: list[_Article] = []
    pieces: list[str] = []
    fields: dict[str, str] = {}

    def start(name: str, _attributes: object) -> None:
        path.append(name.rpartition(":")[2].lower())
        pieces.clear()
        if len(path) == 2:
            fields.clear()

    def end(_name: str) -> None:
        if field := _FIELDS.get("/".join(path[2:])):
            fields.setdefault(field, " ".join("".join(pieces).split()))
        pieces.clear()
        path.pop()
        if len(path) == 1 and fields.get("title"):
            articles.append(_Article(**fields))

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, pieces.append
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        return articles, str(error)
    return articles, ""
