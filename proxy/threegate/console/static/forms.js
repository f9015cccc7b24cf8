// Nothing that is typed gets lost: a session that ended asks for the password over the page, leaving
// with unsaved text warns, and forms marked `data-autosave` are saved as one types.
"use strict";

const AGAIN_MS = 5000;
const again = document.getElementById("again");
let dirty = false;

function unsaved(state) { dirty = state; }

window.addEventListener("beforeunload", (event) => {
  if (dirty) event.preventDefault();
});

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form && form.method === "post" && !form.closest("dialog")) unsaved(true);
});

// Before a form is sent: is there a session? If not, the password first, then the form.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!again || form.method !== "post" || form.dataset.checked) { unsaved(false); return; }
  event.preventDefault();
  const submitter = event.submitter;
  if (!(await lasting())) return;
  form.dataset.checked = "1";
  unsaved(false);
  form.requestSubmit(submitter);
  delete form.dataset.checked;
});

// True where the session lasts, or was begun again over the page.
async function lasting() {
  const answer = await fetch(again.dataset.session).catch(() => null);
  document.getElementById("offline").hidden = Boolean(answer);
  if (!answer) return false;  // what is typed stays on the page
  if (!answer.ok) return true;  // the form itself will say what is wrong
  return (await answer.json()).name ? true : await logIn();
}

// Whether this person has logged in meanwhile, in another tab.
async function loggedIn() {
  const answer = await fetch(again.dataset.session).catch(() => null);
  return Boolean(answer && answer.ok) && (await answer.json()).name === again.dataset.name;
}

function logIn() {
  const field = again.querySelector("[type=password]");
  const wrong = again.querySelector(".note");
  again.showModal();
  field.focus();
  return new Promise((done) => {
    const back = async () => { if (await loggedIn()) finish(true); };
    const finish = (result) => {
      window.removeEventListener("focus", back);
      again.close(); field.value = ""; wrong.hidden = true; done(result);
    };
    window.addEventListener("focus", back);
    again.querySelector("[value=cancel]").onclick = () => finish(false);
    again.oncancel = () => finish(false);
    again.querySelector("form").onsubmit = async (event) => {
      event.preventDefault();
      if (!field.value && (await loggedIn())) return finish(true);
      const answer = await post(again.dataset.login, { name: again.dataset.name, password: field.value });
      if (answer && answer.ok) finish(true);
      else { wrong.hidden = false; field.select(); }
    };
  });
}

function post(url, body) {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  }).catch(() => null);
}

// Saves what `body()` gives, asking for the password where the session has ended. A connection that
// was closed meanwhile is tried once more: saving twice does no harm. `refused` is told why the server
// did not take it; nothing where it does not answer.
async function send(url, body, refused = () => null) {
  let answer = (await post(url, body())) || (await post(url, body()));
  if (answer && answer.status === 401 && again && (await logIn())) answer = await post(url, body());
  if (!answer) return refused(""), null;
  const reply = await answer.json().catch(() => ({}));
  if (answer.ok) return reply;
  refused(reply.error || answer.status);
  return null;
}

window.threegate = { send, unsaved };

const ruleForm = document.getElementById("rule-form");
if (ruleForm) {
  startForm(ruleForm);
  placeProblems();
  document.querySelector(`#live [data-field="${CSS.escape(location.hash.slice(1))}"] a`)?.click();
}
document.querySelectorAll("form[data-try]").forEach(startTrying);
document.querySelectorAll("[name=like]").forEach((examples) => {  // a pattern typed by hand counts
  const pattern = examples.form.querySelector("[data-derived]");
  pattern?.addEventListener("input", () => { examples.value = ""; });
});
document.querySelectorAll("[data-filter]").forEach(startFilter);
document.querySelectorAll(".ticks").forEach(startTicks);

// Saves the form at each pause; the panel beside it then shows what the rule does now.
function startForm(form) {
  const rollout = document.getElementById("rollout-shown");
  let waiting = 0;
  let saving = false;
  let changed = false;

  // One at a time: a save that overtakes another would be undone by it.
  async function save() {
    changed = true;
    if (saving) return;
    saving = true;
    while (changed) {
      changed = false;
      await saveNow().catch(() => null);
    }
    saving = false;
  }

  async function saveNow() {
    const values = () => Object.fromEntries(new FormData(form));
    const sent = JSON.stringify(values());
    const shown = await send(form.dataset.save, values, tell);
    if (!shown) return;
    const whole = sent === JSON.stringify(values());
    form.elements.seen.value = shown.seen;  // what this page knows of the draft
    if (whole) {
      unsaved(false);
      if (form.regex && form.regex !== document.activeElement) form.regex.value = shown.fields.regex;
    }
    if (!(await refresh(form.getAttribute("action")))) saveIn(AGAIN_MS);  // a field is called action
  }

  function tell(why) {
    const { refused, unreached } = document.getElementById("state").dataset;
    show(why ? refused + why : unreached, "note bad");
    if (!why) saveIn(AGAIN_MS);
  }

  function show(text, look) {
    const state = document.getElementById("state");
    state.textContent = text;
    state.className = look;
  }

  function saveIn(ms) {
    clearTimeout(waiting);
    waiting = setTimeout(save, ms);
  }

  form.addEventListener("input", () => {
    rollout.textContent = form.rollout.value + " %";
    show(document.getElementById("state").dataset.saving, "note");
    saveIn(500);
  });
}

// What depends on the fields, as the server draws it: one template, no second way to show a result.
// False where the server does not answer.
async function refresh(url) {
  const answer = await fetch(url, { headers: { accept: "text/html" } }).catch(() => null);
  if (!answer || !answer.ok) return false;
  const open = document.querySelector("#live details").open;
  redraw(await answer.text());
  document.querySelector("#live details").open = open;
  return true;
}

function redraw(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  for (const part of page.querySelectorAll("[data-live]")) {
    document.getElementById(part.id).replaceChildren(...part.childNodes);
  }
  placeProblems();
  return page;
}

// Each problem of the panel beside its field too, as the field's description; in the panel it leads
// to the field.
function placeProblems() {
  document.querySelectorAll(".mistake").forEach((note) => note.remove());
  for (const field of document.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
  document.querySelectorAll("#live [data-field]").forEach(placeProblem);
}

function placeProblem(row, number) {
  const name = row.dataset.field;
  const field = ruleForm.querySelector(`[name="${name}"]`) || document.getElementById(name);
  if (!field) return;
  const note = document.createElement("span");
  const text = row.querySelector(".problem-text");
  note.className = "mistake " + row.className;
  note.id = "mistake-" + number;
  note.textContent = text.textContent;
  note.ariaHidden = "true";  // read out as the description, not once more as part of the name
  putBeside(field, note);
  const others = field.getAttribute("aria-describedby");
  field.setAttribute("aria-describedby", others ? others + " " + note.id : note.id);
  field.setAttribute("aria-invalid", String(row.classList.contains("s-error")));
  const way = document.createElement("a");
  way.href = "#" + name;
  way.textContent = text.textContent;
  way.addEventListener("click", (event) => { event.preventDefault(); goTo(field); });
  text.replaceChildren(way);
}

// In a field's label, below the heading of a part of the form, or below a list of boxes.
function putBeside(field, note) {
  const label = field.closest("label");
  if (label) label.append(note);
  else (field.querySelector("legend") || field.closest("details")).after(note);
}

function goTo(field) {
  for (let at = field; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  const first = field.querySelector("input:checked, input:not([type=search])");
  (field.matches("input, textarea, select") ? field : first || field).focus();
}

// What a detector finds in its examples, at each pause; nothing is saved.
function startTrying(form) {
  let waiting = 0;
  let turn = 0;

  async function show() {
    const mine = ++turn;
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.dataset.try, { method: "POST", body }).catch(() => null);
    if (!answer || !answer.ok || mine !== turn) return;
    const page = redraw(await answer.text());
    const [field, derived] = [form, page].map((side) => side.querySelector("[data-derived]"));
    if (field && derived && field !== document.activeElement) field.value = derived.value;
  }

  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 500);
  });
}

function startFilter(field) {
  const boxes = [...document.querySelectorAll(field.dataset.filter + " [data-text]")];
  const groups = [...document.querySelectorAll(field.dataset.filter + " details")];
  field.addEventListener("input", (event) => {
    event.stopPropagation();
    const words = field.value.toLowerCase().split(/\s+/);
    for (const box of boxes) {
      const text = box.dataset.text.toLowerCase();
      box.hidden = !words.every((word) => text.includes(word));
    }
    if (field.value) for (const group of groups) group.open = Boolean(group.querySelector("[data-text]:not([hidden])"));
  });
}

// A list of boxes is one stop of the Tab key, which would have to pass a hundred; arrows move in it.
function startTicks(list) {
  const boxes = () => [...list.querySelectorAll("label:not([hidden]) > [type=checkbox]")];

  function here(box) {
    for (const each of list.querySelectorAll("[type=checkbox]")) each.tabIndex = each === box ? 0 : -1;
  }

  function first() {
    here(boxes().find((box) => box.checked) || boxes()[0]);
  }

  list.addEventListener("focusin", (event) => here(event.target));
  list.addEventListener("keydown", (event) => {
    const shown = boxes();
    const at = shown.indexOf(event.target);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: shown.length - 1 }[event.key];
    if (at < 0 || !shown[to]) return;
    event.preventDefault();
    shown[to].focus();
  });
  for (const filter of document.querySelectorAll("[data-filter]")) {
    if (filter.dataset.filter === "#" + list.id) filter.addEventListener("input", first);
  }
  first();
}

// A chosen file becomes the text of a field of its form: no upload of another kind is needed.
document.querySelectorAll("input[type=file][data-into]").forEach((field) => {
  field.addEventListener("change", async () => {
    const file = field.files[0];
    if (!file) return;
    const into = field.form.elements[field.dataset.into];
    into.value = "base64" in field.dataset ? await base64(file) : await textOf(file);
    if (field.dataset.name) field.form.elements[field.dataset.name].value = file.name;
  });
});

// Spreadsheets and editors on Chinese desktops still write GB 18030; what is no UTF-8 is read as that.
// "Unicode text" of a spreadsheet is UTF-16 with a byte order mark.
async function textOf(file) {
  const bytes = await file.arrayBuffer();
  const [first, second] = new Uint8Array(bytes.slice(0, 2));
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("gb18030").decode(bytes);
  }
}

function base64(file) {
  return new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.readAsDataURL(file);
  });
}
