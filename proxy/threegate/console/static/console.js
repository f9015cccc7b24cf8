// Comfort only: every page works without this file. Ctrl+S saves in the YAML editor, Ctrl+Enter sends
// a form, "/" goes to the search field.
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
  } else if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) {
    const search = document.querySelector("[data-key='/']");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
  }
});
