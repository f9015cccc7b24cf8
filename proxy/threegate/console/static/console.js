// Comfort only: every page works without this file. Ctrl+S saves in the YAML editor, Ctrl+Enter sends
// a form, other keys do what the page marks with them ("/" goes to the search field).
"use strict";

const editor = document.getElementById("editor");

document.addEventListener("keydown", (event) => {
  const control = event.ctrlKey || event.metaKey;
  const form = event.target.closest && event.target.closest("form");
  if (control && event.key === "Enter" && form && event.target.tagName === "TEXTAREA") {
    event.preventDefault();
    form.requestSubmit();
  } else if (control && event.key === "s" && editor) {
    event.preventDefault();
    editor.requestSubmit();
  } else if (!control && !event.altKey && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) {
    byKey(event);
  }
});

// What a page marks with `data-key`: fields take the focus, links and buttons act.
function byKey(event) {
  const found = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!found || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  if (found.tagName !== "INPUT") { found.click(); return; }
  found.focus();
  found.select();
}
