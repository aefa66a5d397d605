"""Markup that every reader can use: mends what the theme, Sphinx and pandas write.

Each function takes a parsed page and changes it in place. Whatever depends on the window (does a
formula overflow? is a side bar open?) is left to the script ``book/_web/page.js``.
"""

BOOK_CONTENTS, PAGE_CONTENTS = "Contents of the book", "Contents of this page"
LONGEST_LABEL = 120  # characters


def text_of(tag):
    """Text of a tag on one line."""
    return " ".join(tag.get_text().split())


def mend_landmarks(soup):
    """Give each region of the page one landmark with a name, and the main one a focus."""
    for extra in soup.select("#jb-print-docs-body"):  # a second title, for paper
        extra.decompose()
    for selector, name in (
        ("#pst-primary-sidebar", BOOK_CONTENTS),
        ("#pst-primary-sidebar-modal", BOOK_CONTENTS),
        ("#pst-secondary-sidebar-modal", PAGE_CONTENTS),
        ("#pst-search-dialog", "Search"),
    ):
        for region in soup.select(selector):
            region["aria-label"] = name
    for sidebar in soup.select("div#pst-primary-sidebar"):
        sidebar["role"] = "complementary"
    for main in soup.select("main"):
        main["tabindex"] = "-1"
        del main["role"]
        if button := soup.select_one("#pst-back-to-top"):
            main.append(button)
    for form in soup.select("form.bd-search"):
        form["role"] = "search"
    for results in soup.select("#search-results"):
        results["aria-live"] = "polite"


def mend_side_bar(soup):
    """Name the lists of chapters by their captions, which are no headings of the page."""
    for number, caption in enumerate(soup.select(".bd-docs-nav p.caption")):
        del caption["role"], caption["aria-level"]
        caption["id"] = f"part-{number}"
        if (chapters := caption.find_next_sibling("ul")) is not None:
            chapters["aria-labelledby"] = caption["id"]
    for link in soup.select(".bd-docs-nav .current > a[href='#']"):
        link["aria-current"] = "page"


def mend_buttons(soup):
    """Give each button the name that it shows; icons and key hints have none."""
    for button in soup.select("[data-bs-toggle='tooltip'], [data-bs-toggle='dropdown'][title]"):
        button["data-bs-container"] = "main"  # where its hint appears: inside a landmark
    for icon in soup.select("i[class*='fa-'], span[class*='fa-']"):
        icon["aria-hidden"] = "true"
        del icon["title"]
    for selector, name in (
        (".primary-toggle", BOOK_CONTENTS),
        (".secondary-toggle", PAGE_CONTENTS),
    ):
        for button in soup.select(selector):
            button["title"] = name
    for button in soup.select(".search-button-field"):
        del button["title"], button["aria-label"], button["data-bs-toggle"]
        button["aria-keyshortcuts"] = "Control+K"
    for button in soup.select("button"):
        button["type"] = button.get("type", "button")
        if button.get("title") and not text_of(button):
            button["aria-label"] = button["title"]
    for summary in soup.select("summary[aria-label]"):
        del summary["aria-label"]
    for picture in soup.select(".btn__icon-container img"):
        picture["alt"] = ""
    for link in soup.select("a[target='_blank']"):
        link["rel"] = "noopener"


def mend_links(soup):
    """Say where the sign beside a heading leads."""
    for link in soup.select("a.headerlink"):
        place = link.find_parent(["h1", "h2", "h3", "h4", "figcaption", "dt", "caption"])
        if place is not None:
            name = text_of(place).removesuffix("#").strip()
            link["aria-label"] = f"Link to {name[:LONGEST_LABEL]}"


def mend_bibliography(soup):
    """Make of the references a plain list: the roles for single ones are given up in ARIA 1.3."""
    for entry in soup.select("[role='doc-biblioentry']"):
        entry["role"] = "listitem"


# --- Tables


def merge_header_rows(table):
    """Pandas puts the index's name into a second row of headings: move it to the first."""
    rows = table.select("thead > tr")
    if len(rows) != 2:
        return
    upper, lower = (row.find_all("th", recursive=False) for row in rows)
    if len(upper) != len(lower) or any(cell.get("colspan") for cell in upper):
        return
    if all(
        bool(text_of(one)) != bool(text_of(other)) for one, other in zip(upper, lower, strict=True)
    ):
        for one, other in zip(upper, lower, strict=True):
            one.string = text_of(one) or text_of(other)
        rows[1].decompose()


def scope_headings(table):
    """Say of each heading whether it heads a column or a row; an empty one heads nothing."""
    for cell in table.select("th"):
        if not text_of(cell) and not cell.find("img"):
            cell.name = "td"
            continue
        head = cell.find_parent("thead") is not None
        span = cell.get("colspan" if head else "rowspan", "1")
        cell["scope"] = ("col" if head else "row") + ("group" if span != "1" else "")
    for row in table.select("tr[style]"):
        del row["style"]


def table_name(table):
    """Name of a table by its columns: pandas writes no caption."""
    headings = [text_of(cell) for cell in table.select("thead th")]
    name = f"Table of {', '.join(headings)}" if headings else "Table"
    return name if len(name) <= LONGEST_LABEL else name[:LONGEST_LABEL].rsplit(",", 1)[0] + " …"


def mend_tables(soup):
    """Scope headings, name tables, and put each into a box that can scroll."""
    for table in soup.select("table"):
        if "indextable" in table.get("class", []):
            table["role"] = "presentation"
            continue
        del table["border"]
        merge_header_rows(table)
        scope_headings(table)
        if not table.find("caption"):
            table["aria-label"] = table_name(table)
        if table.parent.get("class") == ["pst-scrollable-table-container"]:  # the theme's
            table.parent["class"] = ["table-scroller"]
        elif table.find_parent(class_="table-scroller") is None:
            table.wrap(soup.new_tag("div", attrs={"class": "table-scroller"}))


def mend(soup):
    """Make a page accessible, as far as that can be done before it is shown."""
    mend_landmarks(soup)
    mend_side_bar(soup)
    mend_buttons(soup)
    mend_links(soup)
    mend_bibliography(soup)
    mend_tables(soup)
