"""The pages of the built book, cleaned: what the PDF and the ePub are made of.

Both start from the pages in ``_build/html`` rather than from the sources, so that numbers,
references and outputs are those that a reader of the pages sees.
"""

import argparse
import copy
import os
import posixpath
import subprocess
import tomllib
from pathlib import Path
from urllib.parse import unquote, urlsplit

import address
import yaml
from bs4 import BeautifulSoup
from toc import ROOT, documents

HTML = ROOT / "_build" / "html"

# What only works on a page: links to a heading itself, buttons, scripts, what is said of them.
ONLY_ON_A_PAGE = (
    ".headerlink, .toctree-wrapper, .only-on-a-page, link, style, script, button, form, summary"
)
DELIMITERS = {r"\(": (r"\)", False), r"\[": (r"\]", True)}  # what ends it, whether on its own line


def book(root=ROOT):
    """Return what a title page says of the book, and its public addresses."""
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {
        "title": config["title"],
        "author": config["author"],
        "description": project["description"],
        "keywords": project["keywords"],
        **address.addresses(root),
    }


def options(arguments, description, out):
    """Folder of the built book and file to write, from the command line."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--html", type=Path, default=HTML, help="folder of the built book")
    parser.add_argument("--out", type=Path, default=out, help="file to write")
    chosen = parser.parse_args(arguments)
    chosen.html = chosen.html.resolve()
    check_built(chosen.html)
    return chosen


def check_built(html):
    """Stop with one line where the built book is not all there."""
    missing = [name for name in documents() if not (html / f"{name}.html").exists()]
    if missing:
        raise SystemExit(f"not in {html}: {', '.join(missing)}; run: make book")


def clean_article(html, name):
    """Article of a page as a book on paper has it: nothing to press, nothing closed."""
    page = BeautifulSoup((html / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
    article = page.select_one("article").extract()
    for tag in article.select(ONLY_ON_A_PAGE):
        tag.decompose()
    for tag in article.select("details, noscript"):
        tag.unwrap()
    for image in article.select("img"):
        del image["loading"], image["decoding"]
    for tag in article.select(".dropdown, .toggle"):
        tag["class"] = [each for each in tag["class"] if each not in ("dropdown", "toggle")]
    return article


def without(tag, selector):
    """Copy of a tag without what the selector finds in it."""
    tag = copy.copy(tag)
    for each in tag.select(selector):
        each.decompose()
    return tag


def headings(article):
    """Title of a cleaned article, and title and id of each of its sections."""

    def text(heading):
        return " ".join(heading.get_text().split())

    sections = article.select("section[id]:has(> h2)")
    found = [(text(each.select_one("h2")), each["id"]) for each in sections]
    return text(article.select_one("h1")), found


def tex_of(math):
    """TeX of a formula on a page, and whether it stands on a line of its own."""
    math = without(math, ".eqno")
    text = math.get_text().strip()
    end, display = DELIMITERS.get(text[:2], ("", True))
    if not text.endswith(end):
        raise SystemExit(f"formula without its end: {text}")
    return (text[2:-2] if end else text), display


def articles(html, internal):
    """Clean the article of each document and fit its links to a volume of all of them.

    A link stays in the volume where its place does, and else goes to the public address.

    Parameters
    ----------
    html : pathlib.Path
        Folder of the built book.
    internal : callable
        Address, within the volume, of a document and a fragment (which may be empty).
    """
    found = {name: clean_article(html, name) for name in documents()}
    places = {(name, "") for name in found}
    for name, article in found.items():
        places |= {(name, tag["id"]) for tag in article.select("[id]")}
    public = address.addresses(ROOT)["pages"]
    for name, article in found.items():
        for link in article.select("a[href]"):
            target = urlsplit(link["href"])
            if target.scheme or target.netloc:
                continue
            path = posixpath.join(posixpath.dirname(name), unquote(target.path))
            path = posixpath.normpath(path) if target.path else f"{name}.html"
            place = path.removesuffix(".html"), unquote(target.fragment)
            if place in places and not target.query:
                link["href"] = internal(*place)
            else:  # a file, or what only a page does with its address: the calculator's examples
                link["href"] = public + target._replace(path=path).geturl()
    return found


def image_path(html, name, image):
    """File that an image of a document shows."""
    return (html / name).parent.joinpath(unquote(image["src"])).resolve()


def stamp():
    """Seconds since 1970 of the edition: SOURCE_DATE_EPOCH, or else the last commit's."""
    if "SOURCE_DATE_EPOCH" in os.environ:
        return int(os.environ["SOURCE_DATE_EPOCH"])
    command = ["git", "log", "-1", "--format=%ct"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"no commit to date the edition by: {done.stderr.strip()}")
    return int(done.stdout)
