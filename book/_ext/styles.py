"""One small style sheet of the many that a page asks for.

A rule is dropped where it needs a class or an id that no page and no script names, so nothing
that can ever be shown loses its style. A word counts wherever it stands in a script.
"""

import posixpath
import re

import tinycss2

WORD = re.compile(r"[A-Za-z_][\w-]*")
NAMES = re.compile(r"""\s(?:class|id)=(?:"([^"]*)"|'([^']*)'|([^\s>"']+))""")
SPACE = re.compile(r"\s+")
AROUND = re.compile(r"\s*([{};,>])\s*")
PUT_TOGETHER = ("bs-",)  # Bootstrap's script makes these names out of pieces.
ICON_FONTS = "vendor/fontawesome"  # all of it; the book has a subset of its own
ADDRESS = re.compile(r"""url\(\s*(["']?)([^"')]+)\1\s*\)""")


def names_in_page(html):
    """Classes and ids of a page."""
    return {name for found in NAMES.findall(html) for name in "".join(found).split()}


def words_in_script(text):
    """All that could be a name in a script."""
    return set(WORD.findall(text))


def groups(tokens):
    """Selectors of a rule: its tokens between commas."""
    group = []
    for token in tokens:
        if token == ",":
            yield group
            group = []
        else:
            group.append(token)
    yield group


def needs(selector):
    """Classes and ids without which a selector matches nothing; what stands in brackets is left."""
    before = None
    for token in selector:
        if token.type == "hash":
            yield token.value
        elif token.type == "ident" and before == ".":
            yield token.value
        before = token


def can_match(selector, names):
    """Whether anything could ever match a selector."""
    return all(name in names or name.startswith(PUT_TOGETHER) for name in needs(selector))


def small(text):
    """Text of a rule without needless space."""
    pieces = re.split(r"""("[^"]*"|'[^']*')""", text)
    pieces[::2] = [AROUND.sub(r"\1", SPACE.sub(" ", piece)) for piece in pieces[::2]]
    return "".join(pieces).strip()


def shrunk_rule(rule, names):
    """Text of a style rule for the selectors that can match, or nothing."""
    kept = [group for group in groups(rule.prelude) if can_match(group, names)]
    if not kept or not small(tinycss2.serialize(rule.content)):
        return ""
    selectors = ",".join(small(tinycss2.serialize(group)) for group in kept)
    return f"{selectors}{{{small(tinycss2.serialize(rule.content)).rstrip(';')}}}"


def shrunk(rules, names):
    """Text of rules, and of those inside them, that can have an effect."""
    pieces = []
    for rule in rules:
        if rule.type == "qualified-rule":
            pieces.append(shrunk_rule(rule, names))
        elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports", "layer"):
            if rule.content is None:
                continue
            inner = shrunk(tinycss2.parse_rule_list(rule.content, True, True), names)
            if inner:
                prelude = small(tinycss2.serialize(rule.prelude))
                pieces.append(f"@{rule.at_keyword} {prelude}{{{inner}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword != "charset":
            text = small(tinycss2.serialize([rule]))
            if not (rule.lower_at_keyword == "font-face" and ICON_FONTS in text):
                pieces.append(text)
    return "".join(pieces)


def readdress(text, folder):
    """Addresses in a style sheet as seen from the folder above its own."""

    def put(found):
        address = found[2]
        if ":" in address or address.startswith(("#", "/")):
            return found[0]
        return f'url("{posixpath.normpath(posixpath.join(folder, address))}")'

    return ADDRESS.sub(put, text)


def bundle(sheets, names):
    """Join style sheets, given as pairs of folder (relative to the result's) and text."""
    rules = (
        shrunk(tinycss2.parse_stylesheet(readdress(text, folder), True, True), names)
        for folder, text in sheets
    )
    return "\n".join(rules)
