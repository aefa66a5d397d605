"""Quizzes and exercises on the pages, in a browser: quizzes worked by keys alone, from disk."""

import re

import browsing
import exercises
import pytest
import quiz_file
import quizzes
from bs4 import BeautifulSoup

QUIZZES = quiz_file.load(quizzes.FILE)
PLACE = "#check-yourself"
pytestmark = pytest.mark.usefixtures("built_book")

# What the reader of a screen has before them after an answer; formulas are counted, not read.
TOLD = """async () => {
  await window.MathJax?.typesetPromise?.([]);
  const question = document.activeElement.closest("fieldset");
  const feedback = question.querySelector("[role=status]");
  const chosen = question.querySelector("input:checked");
  const copy = feedback.cloneNode(true);
  copy.querySelectorAll("[aria-hidden=true], .math").forEach((each) => each.remove());
  return {
    question: question.id,
    answer: chosen?.id,
    text: copy.textContent.replace(/\\s+/g, " ").trim(),
    described: chosen?.getAttribute("aria-describedby") === feedback.id,
    formulas: feedback.querySelectorAll("mjx-container").length,
    faults: feedback.querySelectorAll("mjx-merror").length,
  };
}"""
LOOK_OF_A_CIRCLE = """inputs => inputs.map((input) => {
  const { appearance, backgroundColor, backgroundImage, borderTopStyle, borderTopColor,
    borderTopLeftRadius } = getComputedStyle(input);
  return [appearance, backgroundColor, backgroundImage, borderTopStyle, borderTopColor,
    borderTopLeftRadius].join();
})"""


def page_of(chapter):
    """Address of a chapter within the built book."""
    return f"book/{chapter}.html"


def without_formulas(text):
    """Words of a text of the file as they stand on the page, and its number of formulas."""
    soup = BeautifulSoup(quizzes.html_of(text), "html.parser")
    formulas = soup.select(".math")
    for each in formulas:
        each.decompose()
    return " ".join(soup.get_text().split()), len(formulas)


def expected(chapter, number, letter):
    """What the page should tell of an answer."""
    answer = QUIZZES[chapter].questions[number - 1].answers["abcd".index(letter)]
    words, formulas = without_formulas(answer.feedback)
    verdict = "Right." if answer.right else "Not right."
    name = f"quiz-{chapter}-{number}"
    return {
        "question": name,
        "answer": f"{name}-{letter}",
        "text": f"{verdict} {words}",
        "described": True,
        "formulas": formulas,
        "faults": 0,
    }


@pytest.fixture
def open_quiz(browser):
    """Open a chapter from disk; its first radio button has the focus."""
    visits = []

    def open_page(chapter, **settings):
        visits.append(browsing.Visit(browser, browsing.HTML.as_uri(), page_of(chapter), **settings))
        visits[-1].tab.focus(f"{PLACE} input")
        return visits[-1]

    yield open_page
    for each in visits:
        each.context.close()


def press(tab, *keys):
    """Press keys one after the other."""
    for key in keys:
        tab.keyboard.press(key)


def answer_question(tab, chapter, number):
    """Give every answer of a question by keys, from its first radio button on."""
    answers = QUIZZES[chapter].questions[number - 1].answers
    for letter in "abcd"[: len(answers)]:
        press(tab, "Space" if letter == "a" else "ArrowDown", "Tab", "Enter")
        assert tab.evaluate(TOLD) == expected(chapter, number, letter)
        press(tab, "Shift+Tab")
    press(tab, "Tab", "Tab")


def faults_of_axe(tab, theme):
    """What axe finds in the quiz under one of the themes: in the dark one, of the colours."""
    tab.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    options = {"runOnly": browsing.COLOURS} if theme == "dark" else {}
    found = tab.evaluate("([place, options]) => axe.run(place, options)", [PLACE, options])
    found = found["violations"]
    return [(theme, each["id"], node["html"]) for each in found for node in each["nodes"]]


@pytest.mark.parametrize("chapter", QUIZZES)
def test_every_answer_gets_its_feedback_by_keys_alone(chapter, open_quiz):
    visited = open_quiz(chapter, viewport=browsing.PHONE)
    tab = visited.tab
    assert tab.evaluate("document.activeElement.id") == f"quiz-{chapter}-1-a"
    asked = []
    tab.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    for number in range(1, 6):
        answer_question(tab, chapter, number)
    last = [question.answers[-1].right for question in QUIZZES[chapter].questions]
    first = [question.answers[0].right for question in QUIZZES[chapter].questions]
    said = f"{sum(last)} of 5 right, {sum(first)} at the first try."
    assert tab.locator(f"{PLACE} .quiz-total").inner_text() == said
    assert not visited.faults
    assert not visited.foreign
    # Fonts of formulas and pictures that come near are fetched; nothing is said of the answers.
    assert all(re.fullmatch(r"GET [^?#]+\.(woff2?|svg|png)", each) for each in asked), asked
    # Nothing sticks out of a narrow page, neither a formula nor a long word.
    assert tab.evaluate(f"document.querySelector('{PLACE}').scrollWidth") <= 400
    tab.add_script_tag(path=browsing.AXE)
    assert not faults_of_axe(tab, "light") + faults_of_axe(tab, "dark")


def test_one_may_start_again(open_quiz):
    tab = open_quiz("arc_elasticity").tab
    press(tab, "Tab", "Enter")
    assert tab.evaluate(TOLD)["text"] == "Choose an answer first."
    press(tab, "Shift+Tab")
    for _ in range(5):
        press(tab, "Space", "Tab", "Enter", "Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Start again"
    press(tab, "Enter")
    assert tab.evaluate("document.activeElement.id") == "quiz-arc_elasticity-1-a"
    assert tab.locator(f"{PLACE} input:checked").count() == 0
    assert tab.locator(f"{PLACE} [role=status]").all_inner_texts() == [""] * 6
    press(tab, "Space", "Tab", "Enter")
    assert tab.evaluate(TOLD) == expected("arc_elasticity", 1, "a")


def test_another_choice_takes_the_old_feedback_away(open_quiz):
    tab = open_quiz("counting_sales").tab
    press(tab, "Space", "Tab", "Enter", "Shift+Tab", "ArrowDown")
    told = tab.evaluate(TOLD)
    assert told["text"] == ""
    assert not told["described"]


@pytest.mark.parametrize("chapter", QUIZZES)
def test_the_page_asks_what_the_file_asks(chapter):
    place = browsing.soup(page_of(chapter)).select_one(PLACE)
    fieldsets = place.select("fieldset")
    for fieldset, question in zip(fieldsets, QUIZZES[chapter].questions, strict=True):
        shown = [fieldset.legend, *fieldset.select("label")]
        texts = [question.question, *(answer.text for answer in question.answers)]
        for tag, text in zip(shown, texts, strict=True):
            copy = BeautifulSoup(str(tag), "html.parser")
            formulas = copy.select(".math")
            for each in [*formulas, *copy.select(".quiz-number")]:
                each.decompose()
            assert (" ".join(copy.get_text().split()), len(formulas)) == without_formulas(text)
    headings = [section.find("h2") for section in place.parent.find_all("section", recursive=False)]
    titles = [heading.get_text().removesuffix("#").strip() for heading in headings]
    assert titles[-2:] == ["Check yourself", "Exercises"]
    assert browsing.soup(page_of(chapter)).select_one(f"#pst-page-toc-nav a[href='{PLACE}']")


def pieces(text):
    """Runs of plain words of a text of the file, too long to be found elsewhere by chance."""
    plain = re.split(r"\$[^$]*\$|[*`\"'<>&]", " ".join(text.split()))
    return [piece.strip() for piece in plain if len(piece.strip()) > 40]


@pytest.fixture(scope="module")
def search_index():
    """All that the search of the book looks through."""
    return (browsing.HTML / "searchindex.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("chapter", QUIZZES)
def test_no_feedback_is_in_plain_view(chapter, search_index):
    page = (browsing.HTML / page_of(chapter)).read_text(encoding="utf-8")
    (source,) = (browsing.HTML / "_sources" / "book").glob(f"{chapter}.*")
    answers = [each for question in QUIZZES[chapter].questions for each in question.answers]
    hidden = [piece for answer in answers for piece in pieces(answer.feedback)]
    assert len(hidden) > 10
    for text in (page, source.read_text(encoding="utf-8"), search_index):
        assert not [piece for piece in hidden if piece in text]


def test_the_file_is_not_in_the_built_book():
    assert not list(browsing.HTML.rglob("quizzes*"))


@pytest.mark.parametrize("chapter", QUIZZES)
def test_right_and_wrong_answers_look_alike_in_the_page(chapter):
    inputs = browsing.soup(page_of(chapter)).select(f"{PLACE} input")
    for tag in inputs:
        assert set(tag.attrs) == {"type", "name", "id", "data-sealed"}
        assert not tag.parent.get("data-right")
        assert tag.parent["class"] == ["quiz-answer"]


@pytest.mark.parametrize("chapter", QUIZZES)
def test_every_exercise_of_the_page_begins_with_its_level(chapter):
    page = browsing.soup(page_of(chapter))
    for each in exercises.read(browsing.ROOT / "book" / f"{chapter}.md"):
        levels = page.find(id=each.label).select(".exercise-level")
        assert [level.get_text() for level in levels] == [exercises.LEVELS[each.level][0]]


def test_on_paper_there_are_questions_with_empty_circles(open_quiz):
    tab = open_quiz("arc_elasticity").tab
    press(tab, "Space", "Tab", "Enter")
    tab.emulate_media(media="print")
    looks = tab.locator(f"{PLACE} input").evaluate_all(LOOK_OF_A_CIRCLE)
    assert len(set(looks)) == 1
    assert looks[0].startswith("none,rgba(0, 0, 0, 0),none,solid,")
    assert not tab.locator(f"{PLACE} :is(button, [role=status])").filter(visible=True).count()
    assert tab.locator(f"{PLACE} label").filter(visible=True).count() == 20


def test_without_a_script_there_are_questions_and_a_sentence(open_quiz):
    tab = open_quiz("arc_elasticity", java_script_enabled=False).tab
    assert tab.locator(f"{PLACE} label").filter(visible=True).count() == 20
    assert "JavaScript" in tab.locator(f"{PLACE} .quiz-without-script").inner_text()
    assert not tab.locator(f"{PLACE} :is(button, [role=status])").count()


def test_the_script_is_light_and_on_chapters_only():
    assert (browsing.HTML / "_static" / "js" / "quiz.js").stat().st_size < 10_000
    for page in browsing.PAGES:
        loaded = browsing.soup(page).select("script[src*='quiz.js']")
        assert bool(loaded) == (page.removeprefix("book/").removesuffix(".html") in QUIZZES), page
