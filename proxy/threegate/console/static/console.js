// Comfort only: every page works without this file. Line numbers and problems while typing in the
// YAML editor, Ctrl+S to save, Ctrl+Enter to send, "/" to search.
"use strict";

const WORDS = {
  "zh-CN": {
    good: "没有错误。", bad: "有错误，不能提交。", error: "错误", warning: "警告", info: "提示",
  },
  en: {
    good: "No errors.", bad: "Errors: it cannot be submitted.",
    error: "error", warning: "warning", info: "info",
  },
};
const editor = document.getElementById("editor");
if (editor) startEditor(editor);

document.addEventListener("keydown", (event) => {
  const control = event.ctrlKey || event.metaKey;
  const form = event.target.closest && event.target.closest("form");
  if (control && event.key === "Enter" && form && event.target.tagName === "TEXTAREA") {
    event.preventDefault();
    form.requestSubmit();
  } else if (control && event.key === "s" && editor) {
    event.preventDefault();
    editor.requestSubmit();
  } else if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) {
    const search = document.querySelector("[data-key='/']");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
  }
});

function startEditor(form) {
  const area = form.querySelector("textarea");
  const gutter = form.querySelector(".gutter");
  const rows = document.getElementById("problem-rows");
  const verdict = document.getElementById("verdict");
  const words = WORDS[document.documentElement.lang] || WORDS.en;
  let wrong = new Set([...rows.querySelectorAll(".s-error [data-line]")].map((a) => +a.dataset.line));
  let waiting = 0;
  let asked = 0;

  function number() {
    const count = area.value.split("\n").length;
    const lines = [];
    for (let n = 1; n <= count; n++) {
      const line = document.createElement(wrong.has(n) ? "b" : "span");
      line.textContent = n + "\n";
      lines.push(line);
    }
    gutter.replaceChildren(...lines);
    gutter.scrollTop = area.scrollTop;
  }

  function go(line) {
    const at = area.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    area.focus();
    area.setSelectionRange(at, at);
    const height = area.scrollHeight / area.value.split("\n").length;
    area.scrollTop = Math.max(0, (line - 6) * height);
  }

  function show(problem) {
    const item = document.createElement("li");
    item.className = "s-" + problem.severity;
    const place = document.createElement("a");
    place.className = "place";
    place.href = "#L" + problem.line;
    place.dataset.line = problem.line;
    place.textContent = problem.file + ":" + problem.line;
    const pill = document.createElement("span");
    pill.className = "pill severity-" + problem.severity;
    pill.textContent = words[problem.severity];
    const hint = document.createElement("div");
    hint.className = "faint";
    hint.textContent = problem.hint + " " + problem.code;
    item.append(place, " ", pill, " " + problem.text, hint);
    return item;
  }

  async function check() {
    const turn = ++asked;
    const answer = await fetch(form.dataset.check, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text: area.value }),
    });
    if (!answer.ok || turn !== asked) return;
    const found = await answer.json();
    const list = document.createElement("ul");
    list.className = "problems";
    list.append(...found.problems.map(show));
    rows.replaceChildren(list);
    verdict.textContent = found.good ? words.good : words.bad;
    verdict.className = "note " + (found.good ? "good" : "bad");
    wrong = new Set(found.problems.filter((p) => p.severity === "error").map((p) => p.line));
    number();
  }

  area.addEventListener("input", () => {
    number();
    clearTimeout(waiting);
    waiting = setTimeout(check, 400);
  });
  area.addEventListener("scroll", () => { gutter.scrollTop = area.scrollTop; });
  form.addEventListener("click", (event) => {
    const place = event.target.closest("[data-line]");
    if (place && place !== form) { event.preventDefault(); go(+place.dataset.line); }
  });
  number();
  const wanted = +form.dataset.line;
  if (wanted) go(wanted);
}
