// The YAML editor: CodeMirror over the page's text area, which stays the form's field. Problems,
// completion and the meaning of words come from the server, which knows the schema and the pack.
"use strict";

const EDITOR_WORDS = {
  "zh-CN": {
    good: "没有错误，已存入草稿。", bad: "已存入草稿；有错误，不能提交。", checking: "正在保存…",
    unchecked: "没有存入草稿，请稍后再试。", error: "错误", warning: "警告", info: "提示",
    phrases: {
      Find: "查找", Replace: "替换", next: "下一个", previous: "上一个", all: "全部", "match case": "区分大小写",
      "by word": "整词", regexp: "正则", replace: "替换", "replace all": "全部替换", close: "关闭",
    },
  },
  en: {
    good: "No errors; saved in your draft.", bad: "Saved in your draft; it has errors and cannot be submitted.",
    checking: "Saving…", unchecked: "It was not saved; try again in a moment. ",
    error: "error", warning: "warning", info: "info", phrases: {},
  },
};

const editorForm = document.getElementById("editor");
if (editorForm && window.codemirror) startEditor(editorForm, window.codemirror);

function startEditor(form, cm) {
  const area = form.querySelector("textarea");
  const rows = document.getElementById("problem-rows");
  const verdict = document.getElementById("verdict");
  const words = EDITOR_WORDS[document.documentElement.lang] || EDITOR_WORDS.en;
  let waiting = 0;
  let saving = false;
  let behind = false;

  // A shadow root takes constructed style sheets, which the content security policy allows; style
  // elements it does not.
  const host = document.createElement("div");
  host.className = "editor-host";
  const root = host.attachShadow({ mode: "open" });
  const page = new CSSStyleSheet();
  page.replaceSync(":host { display: block; height: 100%; } .cm-editor { height: 100%; }");
  root.adoptedStyleSheets = [page];
  area.hidden = true;
  area.before(host);

  const view = new cm.EditorView({
    parent: root, root,
    state: cm.EditorState.create({ doc: area.value, extensions: extensions() }),
  });
  view.scrollDOM.tabIndex = 0;  // a part that scrolls can be reached by keyboard

  function extensions() {
    return [
      cm.lineNumbers(), cm.foldGutter(), cm.lintGutter(), cm.history(), cm.drawSelection(),
      cm.highlightSpecialChars(), cm.highlightActiveLine(), cm.highlightActiveLineGutter(),
      cm.indentOnInput(), cm.bracketMatching(), cm.indentUnit.of("  "), cm.yaml(), cm.search({ top: true }),
      cm.syntaxHighlighting(colours(cm)), look(cm), cm.hoverTooltip(meaning),
      cm.autocompletion({ override: [choices], icons: false }),
      cm.EditorState.phrases.of(words.phrases),
      cm.EditorView.contentAttributes.of({ "aria-label": "YAML", "aria-describedby": "problems", spellcheck: "false" }),
      cm.keymap.of([
        { key: "Alt-/", run: cm.startCompletion },  // an input method may take Ctrl+Space
        ...cm.completionKeymap, ...cm.defaultKeymap, ...cm.searchKeymap, ...cm.historyKeymap,
        ...cm.foldKeymap, ...cm.lintKeymap,
      ]),
      cm.EditorView.updateListener.of((update) => { if (update.docChanged) changed(); }),
    ];
  }

  function changed() {
    area.value = view.state.doc.toString();
    window.threegate.unsaved(true);
    tell(words.checking, "");
    clearTimeout(waiting);
    waiting = setTimeout(save, 400);
  }

  // One at a time: each names the state of the draft that the one before it left.
  async function save() {
    behind = true;
    if (saving) return;
    saving = true;
    while (behind) {
      behind = false;
      await saveNow().catch(() => null);
    }
    saving = false;
  }

  async function saveNow() {
    const text = area.value;
    const seen = form.elements.seen;
    const refused = (why) => tell(words.unchecked + why, "bad");
    const found = await window.threegate.send(form.dataset.save, () => ({ text, seen: seen.value }), refused);
    if (!found) return;
    seen.value = found.seen;
    if (text !== area.value) return;
    window.threegate.unsaved(false);
    show(found.problems);
    tell(found.good ? words.good : words.bad, found.good ? "good" : "bad");
  }

  function tell(text, tone) {
    verdict.textContent = text;
    verdict.className = "note " + tone;
  }

  function show(problems) {
    const list = document.createElement("ul");
    list.className = "problems";
    list.append(...problems.map((p) => item(p, words)));
    rows.replaceChildren(list);
    view.dispatch(cm.setDiagnostics(view.state, problems.map(diagnostic)));
  }

  function diagnostic(problem) {
    const line = view.state.doc.line(Math.min(Math.max(problem.line, 1), view.state.doc.lines));
    const from = Math.min(line.from + Math.max(problem.column - 1, 0), line.to);
    return { from, to: line.to, severity: problem.severity, message: problem.text + "\n" + problem.hint };
  }

  // A place as the server counts: lines and columns from 1, columns in code points.
  function place(at) {
    const line = view.state.doc.lineAt(at);
    return { line: line.number, column: [...line.text.slice(0, at - line.from)].length + 1 };
  }

  async function choices(context) {
    const typed = context.matchBefore(/[\w.-]*/);
    if (!typed.text && !context.explicit) return null;
    await new Promise((done) => setTimeout(done, context.explicit ? 0 : 150));
    if (context.aborted) return null;
    const found = await window.threegate.send(form.dataset.complete, () => ({ text: area.value, ...place(context.pos) }));
    if (!found || !found.choices.length) return null;
    return { from: typed.from, options: found.choices.map(option), validFor: /^[\w.-]*$/ };
  }

  function option(choice) {
    const shown = { label: choice.text, detail: choice.title };
    return choice.snippet ? cm.snippetCompletion(choice.snippet, shown) : shown;
  }

  async function meaning(_, at) {
    const line = view.state.doc.lineAt(at);
    const before = line.text.slice(0, at - line.from).match(/[\w.-]*$/)[0];
    const after = line.text.slice(at - line.from).match(/^[\w.-]*/)[0];
    const word = before + after;
    if (!word) return null;
    const from = at - before.length;
    const found = await window.threegate.send(form.dataset.complete, () => ({ text: area.value, ...place(from), word }));
    if (!found || !found.title) return null;
    const dom = document.createElement("div");
    dom.textContent = found.title;
    return { pos: from, end: from + word.length, above: true, create: () => ({ dom }) };
  }

  function go(number) {
    const line = view.state.doc.line(Math.min(Math.max(number, 1), view.state.doc.lines));
    view.dispatch({ selection: { anchor: line.from }, effects: cm.EditorView.scrollIntoView(line.from, { y: "center" }) });
    view.focus();
  }

  form.addEventListener("click", (event) => {
    const link = event.target.closest("[data-line]");
    if (link && link !== form) { event.preventDefault(); go(+link.dataset.line); }
  });
  view.dispatch(cm.setDiagnostics(view.state, [...rows.querySelectorAll("[data-line]")].map((link) => ({
    from: view.state.doc.line(Math.min(+link.dataset.line || 1, view.state.doc.lines)).from,
    to: view.state.doc.line(Math.min(+link.dataset.line || 1, view.state.doc.lines)).to,
    severity: (link.parentElement.className.match(/s-(\w+)/) || [])[1] || "info",
    message: link.parentElement.textContent.trim(),
  }))));
  if (+form.dataset.line) go(+form.dataset.line);
}

function item(problem, words) {
  const row = document.createElement("li");
  row.className = "s-" + problem.severity;
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
  row.append(place, " ", pill, " " + problem.text, hint);
  return row;
}

function colours(cm) {
  const t = cm.tags;
  return cm.HighlightStyle.define([
    { tag: [t.definition(t.propertyName), t.propertyName], color: "var(--accent)", fontWeight: "600" },
    { tag: [t.string, t.special(t.string)], color: "var(--good)" },
    { tag: [t.comment, t.lineComment], color: "var(--faint)", fontStyle: "italic" },
    { tag: [t.keyword, t.atom, t.bool, t.number], color: "var(--policy)" },
    { tag: [t.punctuation, t.separator, t.squareBracket, t.brace], color: "var(--faint)" },
    { tag: t.invalid, color: "var(--bad)" },
  ]);
}

function look(cm) {
  return cm.EditorView.theme({
    "&": { color: "var(--ink)", backgroundColor: "var(--card)", fontSize: "13px" },
    "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
    ".cm-scroller": { fontFamily: 'ui-monospace, "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace', lineHeight: "1.55" },
    ".cm-content": { caretColor: "var(--ink)" },
    ".cm-cursor": { borderLeftColor: "var(--ink)" },
    ".cm-gutters": { backgroundColor: "var(--paper)", color: "var(--faint)", border: "0" },
    ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--hover)" },
    "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--pii) !important" },
    ".cm-tooltip, .cm-panels": { backgroundColor: "var(--card)", color: "var(--ink)", border: "1px solid var(--edge)" },
    ".cm-tooltip > div": { padding: ".2rem .5rem", maxWidth: "30rem" },
    ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--hover)", color: "var(--ink)", fontWeight: "600" },
    ".cm-completionDetail": { fontStyle: "normal", color: "var(--faint)" },
    ".cm-diagnostic": { whiteSpace: "pre-wrap" },
    ".cm-textfield, .cm-button": { color: "var(--ink)", background: "var(--card)", border: "1px solid var(--edge)" },
  });
}
