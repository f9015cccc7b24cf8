// Comfort only: every page works without this file. Ctrl+S saves in the YAML editor, Ctrl+Enter sends
// a form, other keys do what the page marks with them ("/" goes to the search field).
"use strict";

// The server shows times by the clock of the browser, which names its zone in a cookie.
const root = document.documentElement.dataset;
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && zone !== root.zone && !document.cookie.includes(`threegate_zone=${zone}`)) {
  document.cookie = `threegate_zone=${zone}; path=${root.root || "/"}; max-age=31536000; samesite=strict`;
  const kept = document.cookie.includes(`threegate_zone=${zone}`);
  if (kept && document.querySelector("time, .chart, .list")) location.reload();
}

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

// A table that is wider than the window scrolls by itself: so that the keyboard can, too.
document.querySelectorAll("table.list, pre, .quotation").forEach((part) => {
  if (part.scrollWidth > part.clientWidth || part.scrollHeight > part.clientHeight + 1) part.tabIndex = 0;
});

// Filters come before what they filter; where they would fill the window, they are folded.
const filters = document.querySelector("details.filters");
const narrow = matchMedia("(max-width: 62rem)");
function fold() { filters.open = !narrow.matches; }
if (filters) { fold(); narrow.addEventListener("change", fold); }
