"""Every link in the Markdown files leads somewhere; only addresses on the web are not opened."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.conftest import DOCUMENTS, PAGES, README, ROOT, name_of, without_blocks

_LINK = re.compile(r"\]\(\s*<?([^()\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_REFERENCE = re.compile(r"^\[[^\]]+\]:\s+<?(\S+?)>?(?:\s|$)", re.MULTILINE)
_HTML = re.compile(r"<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)=\"([^\"]+)\"")
_HEADING = re.compile(r"^#{1,6} +(.*?) *#*$", re.MULTILINE)


def links(document: Path) -> list[str]:
    """Return the targets of all links and images of a document."""
    text = re.sub(r"`[^`\n]*`", "", without_blocks(document))
    return [target for pattern in (_LINK, _REFERENCE, _HTML) for target in pattern.findall(text)]


def anchors(document: Path) -> set[str]:
    """Return the anchors that GitHub makes of the headings of a document."""
    made: dict[str, int] = {}
    for heading in _HEADING.findall(without_blocks(document)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        made[slug] = made.get(slug, -1) + 1
        if made[slug]:
            made[f"{slug}-{made[slug]}"] = 0
    return set(made)


def problem(target: str, document: Path) -> str | None:
    """Return what is wrong with a link of a document, or None."""
    address = urlsplit(target)
    if address.scheme in ("http", "https"):
        return None if re.fullmatch(r"[\w-]+(\.[\w-]+)+(:\d+)?", address.netloc) else "no host"
    if address.scheme or target.startswith("/"):
        return "neither a web address nor a relative path"
    path = document if not address.path else (document.parent / unquote(address.path)).resolve()
    if not path.exists():
        return "no such file"
    if not path.is_relative_to(ROOT):
        return "outside of the repository"
    if address.fragment and (path.suffix != ".md" or address.fragment not in anchors(path)):
        return "no such heading"
    return None


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    """Files and headings exist, and web addresses are well formed."""
    broken = {target: found for target in links(document) if (found := problem(target, document))}
    assert broken == {}


def test_the_check_finds_what_is_broken() -> None:
    """A missing file, a missing heading and a web address without a host are reported; good links are not."""
    assert problem("docs/missing.md", README) == "no such file"
    assert problem("README.md#no-such-heading", README) == "no such heading"
    assert problem("https:///path", README) == "no host"
    assert problem("../outside.md", README) == "no such file"
    assert problem("/etc/passwd", README) == "neither a web address nor a relative path"
    assert problem("#try-it", README) is None
    assert problem("LICENSE", README) is None
    assert problem("https://semver.org", README) is None


def test_the_readme_links_to_every_page() -> None:
    """No page of the documentation is hidden."""
    linked = {(README.parent / target).resolve() for target in links(README)}
    assert set(PAGES.glob("*.md")) - linked == set()
