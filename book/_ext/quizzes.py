"""Put the quizzes of ``book/course/quizzes.yml`` on the chapters' pages (a Sphinx extension).

A quiz is a section "Check yourself" before the exercises. What is said to an answer, and whether
it is right, is on the page only in a form that a script makes readable once the answer was given:
out of sight, and no secret.
"""

import base64
import functools
import itertools
import json
from html import escape
from pathlib import Path

import quiz_file
from docutils import nodes
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from sphinx.errors import ExtensionError

FILE = Path(__file__).resolve().parent.parent / "course" / "quizzes.yml"
TITLE, BEFORE = "Check yourself", "Exercises"
BEFORE_THE_CONTENTS = 400  # Sphinx lists a page's sections with the default priority, 500.
WITHOUT_SCRIPT = "Which answers are right, and why, the pages of the book tell with JavaScript on."


# --- Texts


def formula(tex, options):
    """Write a formula as Sphinx does, for MathJax."""
    return f'<span class="math notranslate nohighlight">\\({escape(tex)}\\)</span>'


MARKDOWN = MarkdownIt("commonmark").use(dollarmath_plugin, renderer=formula)
MARKDOWN.add_render_rule("math_inline", lambda self, tokens, i, *_: formula(tokens[i].content, {}))


def html_of(text):
    """HTML of a text in Markdown: emphasis, code, and formulas between dollar signs."""
    return MARKDOWN.renderInline(" ".join(text.split()))


# --- What is out of sight


def fnv_1a(text):
    """Hash a text to 32 bits, as Fowler, Noll and Vo do."""
    state = 2166136261
    for byte in text.encode():
        state = (state ^ byte) * 16777619 % 2**32
    return state


def key_stream(key):
    """Bytes that follow from a key: Marsaglia's xorshift, started by the hash of the key.

    ``book/_web/_sealed.js`` makes the same.
    """
    state = fnv_1a(key)
    while True:
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        yield state & 255


def seal(key, answer):
    """Verdict and feedback of an answer, unreadable without its key."""
    told = json.dumps({"right": answer.right, "feedback": html_of(answer.feedback)})
    return base64.b64encode(
        bytes(a ^ b for a, b in zip(told.encode(), key_stream(key), strict=False))
    ).decode()


# --- The page


ANSWER = (
    '<div class="quiz-answer"><input type="radio" name="{name}" id="{key}" data-sealed="{sealed}">'
    '<label for="{key}">{text}</label></div>'
)
QUESTION = (
    '<fieldset class="quiz-question" id="{name}"><legend>'
    '<span class="quiz-number">{number}.</span> {question}</legend>{answers}</fieldset>'
)


def question_html(name, number, question):
    """Write a question and its answers; the id of an answer is the key to what is sealed."""
    answers = []
    for letter, answer in zip("abcd", question.answers, strict=False):
        key = f"{name}-{letter}"
        sealed = seal(key, answer)
        answers.append(ANSWER.format(name=name, key=key, sealed=sealed, text=html_of(answer.text)))
    text = html_of(question.question)
    return QUESTION.format(name=name, number=number, question=text, answers="".join(answers))


def quiz_html(quiz):
    """All questions of a chapter."""
    prefix = f"quiz-{quiz.chapter}"
    questions = itertools.starmap(
        question_html, ((f"{prefix}-{n}", n, each) for n, each in enumerate(quiz.questions, 1))
    )
    return (
        f'<div class="quiz"><p class="quiz-without-script">{WITHOUT_SCRIPT}</p>'
        f"{''.join(questions)}</div>"
    )


class quiz(nodes.General, nodes.Element):
    """Place of a quiz in a page; its questions are not text that the search looks through."""


def section_of(found):
    """Section of a page that holds a quiz."""
    section = nodes.section("", nodes.title(TITLE, TITLE), ids=["check-yourself"])
    section += quiz(html=quiz_html(found))
    return section


def add_quiz(app, doctree):
    """Put the quiz of a chapter before its exercises, or at its end."""
    found = quizzes().get(Path(app.env.docname).name)
    if found is None:
        return
    app.env.note_dependency(str(FILE))
    chapter = next(doctree.findall(nodes.section))
    titles = [each[0].astext() for each in chapter if isinstance(each, nodes.section)]
    places = [i for i, each in enumerate(chapter) if isinstance(each, nodes.section)]
    at = dict(zip(titles, places, strict=True)).get(BEFORE, len(chapter))
    chapter.insert(at, section_of(found))


@functools.cache
def quizzes():
    """Read the file once."""
    return quiz_file.load(FILE)


def check_quizzes(app):
    """Stop the build where the file is wrong, with what the reading of it says."""
    try:
        quizzes()
    except quiz_file.QuizError as error:
        raise ExtensionError(str(error)) from None


def load_script(app, pagename, templatename, context, doctree):
    """Add script and style sheet to a page that has a quiz."""
    if doctree is not None and next(doctree.findall(quiz), None) is not None:
        app.add_js_file("js/quiz.js", loading_method="defer")
        app.add_css_file("quiz.css")


def visit_quiz(self, node):
    """Write the questions."""
    self.body.append(node["html"])


def skip_quiz(self, node):
    """Leave a quiz out: it is only on pages."""
    raise nodes.SkipNode


def setup(app):
    """Connect the events; Sphinx calls this."""
    skipped = dict.fromkeys(("latex", "text", "man", "texinfo"), (skip_quiz, None))
    app.add_node(quiz, html=(visit_quiz, lambda self, node: None), **skipped)
    app.connect("builder-inited", check_quizzes)
    app.connect("doctree-read", add_quiz, priority=BEFORE_THE_CONTENTS)
    app.connect("html-page-context", load_script)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
