"""Bytes to text, where the declared encoding may be missing or wrong."""

import codecs
import re
from typing import Final

# (first bytes, encoding): byte order marks, then "<" or "{" without one (XML 1.0, appendix F; RFC 4627, section 3)
MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
    (b"{\0", "utf-16-le"),
    (b"\0{", "utf-16-be"),
)
# Python's names of the encodings of the web. Others (unicode_escape, punycode, utf-7) are not for strangers to choose.
_TRUSTED: Final = re.compile(
    r"ascii|utf-8|iso8859-\d+|cp\d+|koi8-[ru]|mac-\w+|gb2312|gbk|gb18030|hz|big5\w*|euc_\w+|shift_jis\w*|iso2022_\w+"
    r"|tis-620"
)
_DECLARATION: Final = re.compile(rb"^\s*<\?xml[^>]*\sencoding\s*=\s*[\"']([\w.:-]+)")
_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)


def decode(body: bytes, content_type: str | None) -> tuple[str, str | None]:
    """Return the text, and what was wrong with its encoding (or None).

    In this order: byte order mark; UTF-8 if it is valid (no other text happens to be); the XML declaration; the charset
    of the content type; and then what the bytes look like, UTF-8 with errors or windows-1252.
    """
    for mark, encoding in MARKS:
        if body.startswith(mark):
            text = body.decode(encoding, "replace")
            return text, f"not {encoding} throughout" if "�" in text else None
    declared = [name for name in (_in_declaration(body), _in_content_type(content_type)) if name]
    if not any(name.startswith("iso2022") or name == "hz" for name in declared):  # those are ASCII to look at
        declared.insert(0, "utf-8")
    for name in declared:
        try:
            # The web's latin-1 and ASCII are windows-1252: WHATWG Encoding, 4.2.
            return body.decode("cp1252" if name in ("iso8859-1", "ascii") else name), None
        except UnicodeDecodeError:
            continue
    text = body.decode("utf-8", "replace")
    broken = text.count("�")
    if broken * 2 < len(text) - len(text.encode("ascii", "ignore")):
        return text, f"{broken} characters that are not UTF-8"
    return body.decode("cp1252", "replace"), "encoding not declared, read as windows-1252"


def _in_declaration(body: bytes) -> str | None:
    found = _DECLARATION.match(body[:1_000])
    return _known(found[1].decode("ascii", "replace")) if found else None


def _in_content_type(content_type: str | None) -> str | None:
    found = _CHARSET.search(content_type or "")
    return _known(found[1]) if found else None


def _known(name: str) -> str | None:
    try:
        known = codecs.lookup(name).name
    except LookupError:
        return None
    return known if _TRUSTED.fullmatch(known) else None
