// Nothing that is typed gets lost: a session that ended asks for the password over the page, leaving
// with unsaved text warns, and forms marked `data-autosave` are saved as one types.
"use strict";

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
  if (!answer || !answer.ok) return true;  // the form itself will say what is wrong
  return (await answer.json()).name ? true : await logIn();
}

function logIn() {
  const field = again.querySelector("[type=password]");
  const wrong = again.querySelector(".note");
  again.showModal();
  field.focus();
  return new Promise((done) => {
    const finish = (result) => { again.close(); field.value = ""; wrong.hidden = true; done(result); };
    again.querySelector("[value=cancel]").onclick = () => finish(false);
    again.oncancel = () => finish(false);
    again.querySelector("form").onsubmit = async (event) => {
      event.preventDefault();
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

// Saves what `body()` gives, asking for the password where the session has ended.
async function send(url, body) {
  let answer = await post(url, body());
  if (answer && answer.status === 401 && again && (await logIn())) answer = await post(url, body());
  return answer && answer.ok ? await answer.json() : null;
}

window.threegate = { send, unsaved };
