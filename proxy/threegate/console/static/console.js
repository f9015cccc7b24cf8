// Comfort only: every page works without this file. Line numbers, problems and completion while
// typing in the YAML editor, Ctrl+S to save, Ctrl+Enter to send, "/" to search.
"use strict";

const WORDS = {
  "zh-CN": {
    good: "没有错误，已存入草稿。", bad: "已存入草稿；有错误，不能提交。", checking: "正在检查…",
    unchecked: "检查没有完成，请稍后再试。", error: "错误", warning: "警告", info: "提示",
  },
  en: {
    good: "No errors; saved in your draft.", bad: "Saved in your draft; it has errors and cannot be submitted.", checking: "Checking…",
    unchecked: "It could not be checked; try again.",
    error: "error", warning: "warning", info: "info",
  },
};
const editor = document.getElementById("editor");
if (editor) {
  startEditor(editor);
  startCompletion(editor);
}

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
    place.textContent = [problem.file, problem.line, problem.column].join(":");
    const pill = document.createElement("span");
    pill.className = "pill severity-" + problem.severity;
    pill.textContent = words[problem.severity];
    const hint = document.createElement("div");
    hint.className = "faint";
    hint.textContent = problem.hint + " " + problem.code;
    item.append(place, " ", pill, " " + problem.text, hint);
    return item;
  }

  function tell(text, tone) {
    verdict.textContent = text;
    verdict.className = "note " + tone;
  }

  async function check() {
    const turn = ++asked;
    const text = area.value;
    const found = await window.threegate.send(form.dataset.save, () => ({ text }));
    if (turn !== asked) return;
    if (!found) { tell(words.unchecked, "bad"); return; }
    if (text === area.value) window.threegate.unsaved(false);
    const list = document.createElement("ul");
    list.className = "problems";
    list.append(...found.problems.map(show));
    rows.replaceChildren(list);
    tell(found.good ? words.good : words.bad, found.good ? "good" : "bad");
    wrong = new Set(found.problems.filter((p) => p.severity === "error").map((p) => p.line));
    number();
  }

  area.addEventListener("input", () => {
    number();
    tell(words.checking, "");
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

// The server says what can stand at the cursor (it knows the schema and the pack); keys choose.
function startCompletion(form) {
  const area = form.querySelector("textarea");
  const list = document.getElementById("choices");
  let chosen = 0;
  let waiting = 0;
  let asked = 0;

  function place() {
    const before = area.value.slice(0, area.selectionStart).split("\n");
    return { line: before.length, column: [...before[before.length - 1]].length + 1 };
  }

  function typed() {
    return area.value.slice(0, area.selectionStart).match(/[\w.-]*$/)[0];
  }

  function close() {
    asked++;
    list.hidden = true;
    area.removeAttribute("aria-activedescendant");
  }

  function select(n) {
    const items = [...list.children];
    chosen = (n + items.length) % items.length;
    items.forEach((item, i) => item.setAttribute("aria-selected", i === chosen));
    items[chosen].scrollIntoView({ block: "nearest" });
    area.setAttribute("aria-activedescendant", items[chosen].id);
  }

  function open(choices) {
    list.replaceChildren(...choices.map((choice, n) => {
      const item = document.createElement("li");
      item.id = "choice-" + n;
      item.setAttribute("role", "option");
      item.dataset.text = choice.text;
      const title = document.createElement("span");
      title.textContent = choice.title;
      item.append(choice.text, title);
      return item;
    }));
    list.hidden = !choices.length;
    if (!choices.length) return;
    const { line } = place();
    const style = getComputedStyle(area);
    const height = parseFloat(style.lineHeight) || parseFloat(style.fontSize) * 1.5;
    const top = line * height + parseFloat(style.paddingTop) - area.scrollTop;
    const prefix = area.value.slice(0, area.selectionStart - typed().length).split("\n").pop();
    const fits = top + list.offsetHeight <= area.clientHeight;
    list.style.top = Math.max(0, fits ? top : top - height - list.offsetHeight) + "px";
    list.style.left = area.offsetLeft + width(prefix, style) - area.scrollLeft + "px";
    select(0);
  }

  function width(text, style) {
    const ruler = document.createElement("canvas").getContext("2d");
    ruler.font = style.fontSize + " " + style.fontFamily;
    return ruler.measureText(text).width + parseFloat(style.paddingLeft);
  }

  async function ask() {
    const turn = ++asked;
    const answer = await fetch(form.dataset.complete, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text: area.value, ...place() }),
    }).catch(() => null);
    if (answer && answer.ok && turn === asked) open((await answer.json()).choices);
  }

  function take() {
    const text = list.children[chosen].dataset.text;
    area.setRangeText(text, area.selectionStart - typed().length, area.selectionStart, "end");
    close();
    area.dispatchEvent(new Event("input"));
  }

  area.addEventListener("input", (event) => {
    clearTimeout(waiting);
    close();
    if (event.inputType === "insertText" && typed()) waiting = setTimeout(ask, 150);
  });
  area.addEventListener("keydown", (event) => {
    const slash = event.altKey && event.code === "Slash";  // input methods take Ctrl+Space
    if (slash || (event.ctrlKey && event.key === " ")) {
      event.preventDefault();
      ask();
    } else if (!list.hidden && !event.isComposing) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) { event.preventDefault(); select(chosen + step); }
      else if (event.key === "Enter" || event.key === "Tab") { event.preventDefault(); take(); }
      else if (event.key === "Escape") close();
    }
  });
  area.addEventListener("blur", close);
  list.addEventListener("mousedown", (event) => {
    const item = event.target.closest("li");
    if (!item) return;
    event.preventDefault();
    chosen = [...list.children].indexOf(item);
    take();
  });
}
