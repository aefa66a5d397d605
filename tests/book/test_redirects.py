"""Addresses that chapters once had: each leads to its chapter, and to the same place in it."""

import browsing
import pytest
import redirects
from browsing import HTML, NUMBERED, soup

pytestmark = pytest.mark.usefixtures("built_book")

OLD = [
    pytest.param(old, new, id=old.removeprefix("book/")) for old, new in redirects.NOW_AT.items()
]
FIRST, NOW = "book/01_arc_elasticity.html", "book/arc_elasticity.html"


def test_every_chapter_that_had_a_number_is_found_by_it():
    kept = {f"book/{number:02}_" for number in range(1, 16)}
    assert {old[:8] for old in redirects.NOW_AT} == kept
    assert set(redirects.NOW_AT.values()) <= set(NUMBERED)


@pytest.mark.parametrize(("old", "new"), OLD)
def test_an_old_address_leads_to_its_page(old, new):
    page, target = soup(f"{old}.html"), soup(f"{new}.html")
    path = HTML / f"{old}.html"
    wait, _, address = page.select_one("meta[http-equiv='refresh']")["content"].partition("; url=")
    (link,) = page.select("a[href]")
    assert wait == "0"
    assert link["href"] == address
    assert (path.parent / address).resolve() == HTML / f"{new}.html"
    public = target.find("meta", attrs={"property": "og:url"})["content"]
    assert page.find("link", rel="canonical")["href"] == public
    assert page.h1.get_text() == link.get_text() in target.title.get_text()
    assert not page.select("script[src], link[rel='stylesheet'], img")


def test_the_search_knows_no_old_address():
    assert "01_arc_elasticity" not in (HTML / "searchindex.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        ("#sec-tanh", "#sec-tanh"),
        ("?from=a+link#check-yourself", "?from=a+link#check-yourself"),
        ("#quiz-01-2-a", "#quiz-arc_elasticity-2-a"),
        ("", ""),
    ],
)
def test_the_place_on_the_page_is_kept(asked, reached, visit):
    visited = visit(FIRST + asked)
    assert visited.tab.url == f"{visited.site}/{NOW}{reached}"
    assert not visited.foreign
    assert not visited.faults


def test_the_place_is_kept_on_disk_too(browser):
    visited = browsing.Visit(browser, HTML.as_uri(), f"{FIRST}#exercises", offline=True)
    assert visited.tab.url == f"{HTML.as_uri()}/{NOW}#exercises"
    visited.context.close()


def test_without_a_script_the_page_is_reached(visit):
    visited = visit(FIRST, java_script_enabled=False)
    visited.tab.wait_for_url(f"**/{NOW}")
