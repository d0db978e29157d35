"use strict";
// What is typed is kept as it is typed, one request at a time, each in the knowledge of the revision before.
const body = document.body;
const words = JSON.parse(body.dataset.words);
const form = document.getElementById("judge");
const help = document.getElementById("help");
const $ = (id) => document.getElementById(id);

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.repeat) return event.preventDefault(); // held down, it would judge a whole class
  if (event.ctrlKey && event.key === "Enter" && form) return act(event, () => finish());
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help.open) return undefined;
  const field = event.target.closest("textarea, input:not([type=checkbox])");
  if (field) {
    if (event.key === "Escape") return act(event, () => field.blur());
    if (event.key === "Enter" && field.tagName === "INPUT") return act(event, () => finish());
    return undefined;
  }
  const pressed = event.target.closest("button, a, summary");
  if (pressed && (event.key === "Enter" || event.key === " ")) return undefined;
  if (event.key === "?") return act(event, () => help.showModal());
  if (event.key === "g") return act(event, () => leave("/"));
  if (!form) return event.key === "n" ? act(event, () => document.querySelector(".button")?.click()) : undefined;
  if (/^[1-9]$/.test(event.key)) return act(event, () => document.getElementsByName("items")[event.key - 1]?.click());
  const fields = { c: "comment", p: "points", b: "bonus", r: "reason" };
  if (event.key in fields) return act(event, () => form.elements[fields[event.key]]?.focus());
  const moves = { j: "after", ArrowRight: "after", k: "before", ArrowLeft: "before", n: "next" };
  if (event.key in moves) return act(event, () => $(moves[event.key]) && leave($(moves[event.key]).href));
  if (event.key === "l" || event.key === "h") return act(event, () => step(event.key === "l" ? 1 : -1));
  if (event.key === "a") {
    return act(event, () => {
      const all = [...document.getElementsByName("group")];
      const some = all.some((one) => !one.checked);
      all.forEach((one) => { one.checked = some; });
    });
  }
  if (event.key === "o") {
    return act(event, () => {
      const all = [...document.querySelectorAll("details.others")];
      const open = all.some((one) => !one.open);
      all.forEach((one) => { one.open = open; });
    });
  }
  return event.key === "Enter" ? act(event, () => finish()) : undefined;
});

function act(event, does) {
  event.preventDefault();
  does();
}

function step(by) {
  const all = [...document.querySelectorAll(".place")];
  const there = all[all.findIndex((one) => one.hasAttribute("aria-current")) + by];
  if (there) leave(there.href);
}

// What may cost a browser much is shown when somebody asks for it.
for (const button of document.querySelectorAll("button.show")) {
  button.addEventListener("click", () => {
    const shown = document.createElement(button.dataset.image ? "img" : "iframe");
    if (button.dataset.image) {
      shown.alt = "";
      shown.src = button.dataset.image;
    } else {
      shown.title = `HTML ${document.getElementsByTagName("iframe").length + 1}`;
      shown.setAttribute("sandbox", "");
      shown.srcdoc = button.dataset.document;
    }
    button.replaceWith(shown);
  });
}

$("keys")?.addEventListener("click", () => help.showModal());

// -- what is said

const known = form ? JSON.parse(body.dataset.form) : {};
let done = form ? !$("reopen") || !$("reopen").hidden : false;
let kept = form ? said() : ""; // as text: what the gradebook has
let wanted = false; // whether it is to be sent even if it is what the gradebook has
let sending = null;
let timer = 0;
let refused = "";

function number(name) {
  const text = form.elements[name]?.value.trim().replace(",", ".").replace("−", "-");
  return text ? Number(text) : null;
}

// What stands in a field for a number, and is none.
function unread() {
  const name = ["points", "bonus"].find((one) => number(one) !== null && !Number.isFinite(number(one)));
  return name ? form.elements[name].value : "";
}

function said() {
  return JSON.stringify({
    items: [...document.getElementsByName("items")].filter((one) => one.checked).map((one) => one.value),
    points: number("points"),
    bonus: number("bonus") ?? 0,
    reason: form.elements.reason.value,
    comment: form.elements.comment.value,
    done,
  });
}

// Of whom else it is said: never as it is typed, but when it is done.
function group() {
  const chosen = wanted ? [...document.getElementsByName("group")].filter((one) => one.checked) : [];
  return Object.fromEntries(chosen.map((one) => [one.value, Number(one.dataset.revision)]));
}

function tell(text, how) {
  $("state").textContent = text;
  $("state").className = how || "soft";
}

function changed() {
  return wanted || unread() !== "" || said() !== kept;
}

// Resolves once all that is in the form is kept; false where it cannot be.
async function flush() {
  clearTimeout(timer);
  while (sending || (changed() && !blocked())) {
    if (!sending) sending = send().finally(() => { sending = null; });
    await sending;
  }
  if (unread()) tell(`${words.unsaved}. ${words.no_number} ${unread()}`, "bad");
  return !changed();
}

function blocked() {
  return unread() !== "" || !$("conflict").hidden || refused === said();
}

async function send() {
  const sent = said();
  const final = wanted;
  tell(words.saving);
  let answer;
  try {
    answer = await fetch(body.dataset.path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Token": body.dataset.token },
      body: JSON.stringify({ ...JSON.parse(sent), ...known, group: group() }),
    });
    const json = answer.headers.get("Content-Type") === "application/json";
    const told = json ? await answer.json() : { said: await answer.text() };
    if (answer.ok) return took(sent, told, final);
    if (answer.status === 409) return collided(told.last);
    if (answer.status < 500) {
      refused = sent;
      return tell(`${words.unsaved}: ${told.said}`, "bad");
    }
    tell(`${words.unsaved}: ${told.said} ${words.again}`, "bad");
  } catch {
    tell(words.no_answer, "bad");
  }
  return new Promise((resolve) => { setTimeout(resolve, 2000); });
}

function took(sent, told, final) {
  kept = sent;
  if (final) wanted = false;
  refused = "";
  known.base = told.revision;
  for (const one of document.getElementsByName("group")) one.dataset.revision = told.group[one.value] ?? 0;
  $("preview").innerHTML = told.comment; // made of Markdown by the server, which lets no HTML through
  $("score").textContent = told.score;
  body.dataset.standing = told.standing;
  $("remarks").replaceChildren(...told.remarks.map(paragraph));
  if ($("judged")) {
    $("judged").textContent = told.judged;
    const bar = $("bar").parentElement;
    bar.setAttribute("aria-valuenow", told.judged);
    $("bar").style.width = `${(100 * told.judged) / bar.getAttribute("aria-valuemax")}%`;
  }
  if ($("reopen")) $("reopen").hidden = !done;
  tell(`${words.saved} ${told.time.slice(11)}`, "good");
}

function paragraph(text) {
  return Object.assign(document.createElement("p"), { className: "some", textContent: text });
}

let last = null;

function collided(other) {
  last = other;
  tell(words.unsaved, "bad");
  const points = other.points === null ? "" : `${other.points} · `;
  $("conflict-who").textContent = `${other.author} ${other.time} · ${points}${other.items.join(", ")} ${other.reason}`;
  $("conflict-said").innerHTML = other.comment;
  $("conflict").hidden = false;
  $("theirs").focus();
}

function settle(take) {
  known.base = last.revision;
  if (take) {
    wanted = false;
    for (const one of document.getElementsByName("items")) one.checked = last.items.includes(one.value);
    if (form.elements.points) form.elements.points.value = last.points ?? "";
    form.elements.bonus.value = last.bonus || "";
    form.elements.reason.value = last.reason;
    form.elements.comment.value = last.text;
    done = last.done;
    kept = said();
    $("preview").innerHTML = last.comment;
    if ($("reopen")) $("reopen").hidden = !done;
    tell("");
  }
  $("conflict").hidden = true;
  flush();
}

// Go elsewhere once all is kept.
async function leave(address) {
  if (!form || (await flush())) location.assign(address);
}

let sure = false; // that no item of a rubric applies

async function finish() {
  const now = JSON.parse(said());
  if (form.dataset.zero && !now.items.length && now.points === null && !sure) {
    sure = true;
    return tell(form.dataset.zero, "bad");
  }
  const before = done;
  done = true;
  wanted = true;
  refused = "";
  if (await flush()) return location.assign(body.dataset.next);
  if (refused || unread()) {
    done = before;
    wanted = false;
  }
  return undefined;
}

if (form) {
  form.addEventListener("input", () => {
    sure = false;
    clearTimeout(timer);
    timer = setTimeout(flush, 500);
  });
  form.addEventListener("change", () => flush());
  form.addEventListener("submit", (event) => act(event, () => finish()));
  $("theirs").addEventListener("click", () => settle(true));
  $("mine").addEventListener("click", () => settle(false));
  $("reopen")?.addEventListener("click", () => {
    done = false;
    flush();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || link.getAttribute("href").startsWith("#") || event.ctrlKey || event.metaKey) return;
    act(event, () => leave(link.href));
  });
  window.addEventListener("beforeunload", (event) => {
    if (changed()) event.preventDefault();
  });
}
