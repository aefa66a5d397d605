// The quiz of a chapter. Nothing is kept and nothing is sent: a reload starts anew.
import { open } from "./_sealed.js";

const VERDICTS = { true: ["✓", "Right."], false: ["✗", "Not right."] };

/** New element with some attributes and text. */
function make(name, attributes, text = "") {
  const element = Object.assign(document.createElement(name), { textContent: text });
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** Let a question be answered; report each verdict. */
function prepare(question, report) {
  const answers = [...question.querySelectorAll("input")];
  const button = make("button", { type: "button", class: "quiz-check" }, "Check my answer");
  const feedback = make("div", { class: "quiz-feedback", role: "status", id: `${question.id}-feedback` });
  question.append(button, feedback);

  const clear = () => {
    feedback.replaceChildren();
    delete feedback.dataset.verdict;
    for (const answer of answers) answer.removeAttribute("aria-describedby");
  };

  const tell = () => {
    const chosen = answers.find((answer) => answer.checked);
    clear();
    if (!chosen) {
      feedback.append("Choose an answer first.");
      return;
    }
    const { right, feedback: html } = open(chosen.id, chosen.dataset.sealed);
    const [sign, verdict] = VERDICTS[right];
    const text = make("span", {});
    text.innerHTML = html;
    feedback.append(make("span", { "aria-hidden": "true", class: "quiz-sign" }, sign), " ",
      make("strong", {}, verdict), " ", text);
    feedback.dataset.verdict = right ? "right" : "wrong";
    chosen.setAttribute("aria-describedby", feedback.id);
    window.MathJax?.typesetPromise?.([feedback]);
    report(right);
  };

  button.addEventListener("click", tell);
  question.addEventListener("change", clear);
  return () => {
    for (const answer of answers) answer.checked = false;
    clear();
  };
}

/** Tell at the end how many are right, and let the reader start anew. */
function start(quiz) {
  const questions = [...quiz.querySelectorAll(".quiz-question")];
  const total = make("p", { class: "quiz-total", role: "status" });
  const again = make("button", { type: "button", class: "quiz-again", hidden: "" }, "Start again");
  const now = new Map();
  const first = new Map();
  const resets = questions.map((question) => prepare(question, (right) => {
    now.set(question, right);
    if (!first.has(question)) first.set(question, right);
    if (now.size < questions.length) return;
    const count = (verdicts) => [...verdicts.values()].filter(Boolean).length;
    total.textContent = `${count(now)} of ${questions.length} right, ${count(first)} at the first try.`;
    again.hidden = false;
  }));
  again.addEventListener("click", () => {
    resets.forEach((reset) => reset());
    now.clear();
    first.clear();
    total.textContent = "";
    again.hidden = true;
    questions[0].querySelector("input").focus();
  });
  quiz.querySelector(".quiz-without-script").remove();
  quiz.append(total, again);
}

document.querySelectorAll(".quiz").forEach(start);
