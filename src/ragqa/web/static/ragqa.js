// Makes pages quicker to use; every page can be read, asked and signed off without it.
"use strict";

const STAGES = { searching: "Searching", reading: "Reading", checking: "Checking" };

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Pieces of pages come from this server's own templates, already escaped there.
function parsed(html) {
  return new DOMParser().parseFromString(html, "text/html").body;
}

// Asking: the answer comes in by stages and statements.

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-ask]") || !window.ReadableStream) return;
  event.preventDefault();
  if (document.body.dataset.asking) return;
  ask(form, event.submitter);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches("[data-ask] textarea")) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

async function ask(form, submitter) {
  const body = new URLSearchParams(new FormData(form, submitter));
  const turns = turnsFor(form);
  const pending = waiting(body.get("question"));
  document.body.dataset.asking = "yes";
  turns.append(pending.element);
  pending.element.scrollIntoView({ block: "start" });
  try {
    const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/event-stream, application/json" } });
    if (!response.ok || !response.headers.get("content-type").startsWith("text/event-stream")) {
      throw new Error((await response.json()).error.message);
    }
    for await (const { name, data } of events(response.body)) receive(name, data, pending, form);
    if (!pending.done) throw new Error("The connection ended before the answer was whole.");
  } catch (error) {
    pending.fail(error.message || "The server was not reached. Your question is still in the box: try again.");
  } finally {
    delete document.body.dataset.asking;
  }
}

function receive(name, data, pending, form) {
  if (name === "stage") pending.stage(data.stage);
  else if (name === "statement") pending.statement(data.heading, data.text);
  else if (name === "problem") throw new Error(data.message);
  else if (name === "turn") {
    const turn = parsed(data.html).querySelector("article");
    pending.done = true;
    pending.element.replaceWith(turn);
    enhance(turn);
    turn.querySelector("h2").focus({ preventScroll: true });
    for (const other of document.querySelectorAll("form[data-ask]")) keepConversation(other, data.conversation);
    for (const box of document.querySelectorAll("[data-ask] textarea#question")) box.value = "";
    if (location.pathname.startsWith("/conversations/")) history.replaceState(null, "", data.address);
    announce("The answer is complete.");
  }
}

function keepConversation(form, name) {
  let field = form.elements.conversation;
  if (!field) form.append((field = make("input", { type: "hidden", name: "conversation" })));
  field.value = name;
}

// Where answers go: the conversation's own list, or one put before the box on the page being read.
function turnsFor(form) {
  const known = document.getElementById("turns");
  if (known) return known;
  const made = make("div", { id: "turns", class: "talk" });
  const anchor = document.querySelector(".suggested, .welcome") || form.closest(".ask") || form;
  anchor.before(made);
  document.body.classList.add("talking");
  return made;
}

function waiting(question) {
  const steps = Object.entries(STAGES).map(([key, label]) => make("li", { "data-stage": key }, label));
  steps[0].className = "now";
  const heading = make("h2", {}, question);
  const said = make("div", { "aria-hidden": "true" });
  const element = make("article", { class: "turn pending", "aria-busy": "true" }, heading, make("ol", { class: "progress" }, ...steps), said);
  let list = null;
  announce("Searching");
  return {
    element,
    done: false,
    stage(name) {
      const at = steps.findIndex((step) => step.dataset.stage === name);
      steps.forEach((step, place) => (step.className = place < at ? "past" : place === at ? "now" : ""));
      announce(STAGES[name] || name);
    },
    statement(title, text) {
      if (said.lastElementChild?.dataset.title !== title) {
        list = make("ul", { class: "statements" });
        said.append(make("section", { "data-title": title }, make("h3", {}, title), list));
      }
      list.append(make("li", { class: "fresh" }, text));
    },
    fail(message) {
      element.removeAttribute("aria-busy");
      element.replaceChildren(heading, make("p", { class: "callout retracted", role: "alert" }, message));
    },
  };
}

// Server-sent events as the HTML standard has them: lines end in CR LF, CR or LF and in nothing else, a blank line ends an event.
async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  let name = "";
  let data = [];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (held + value).split(/\r\n|\n|\r(?!$)/); // a CR at the end may be half a CR LF
    held = lines.pop();
    for (const line of lines) {
      const [, field, rest] = /^([^:]*):? ?([^]*)$/.exec(line);
      if (line === "") {
        if (data.length) yield { name: name || "message", data: JSON.parse(data.join("\n")) };
        name = "";
        data = [];
      } else if (field === "event") name = rest;
      else if (field === "data") data.push(rest);
    }
  }
}

let region = null;
function announce(text) {
  if (!region) document.body.append((region = make("p", { class: "visually-hidden", role: "status" })));
  region.textContent = text;
}

// Small conveniences.

function enhance(root) {
  for (const hidden of root.querySelectorAll("[data-copy], [data-print]")) hidden.hidden = false;
}

document.addEventListener("click", async (event) => {
  const target = event.target;
  const copy = target.closest("[data-copy]");
  if (copy) return copyFrom(copy);
  if (target.closest("[data-print]")) return window.print();
  const sorter = target.closest("[data-sortable] a[data-sort]");
  if (sorter) {
    event.preventDefault();
    return sortBy(sorter);
  }
  const said = target.closest(".said");
  if (said) said.closest(".statement").classList.toggle("open");
});

async function copyFrom(button) {
  const label = button.textContent;
  try {
    const response = await fetch(button.dataset.copy);
    if (!response.ok) throw new Error();
    await navigator.clipboard.writeText(await response.text());
    button.textContent = "Copied";
    announce("Copied with citations");
  } catch {
    button.textContent = "Could not copy";
  }
  setTimeout(() => (button.textContent = label), 2500);
}

function sortBy(link) {
  const header = link.closest("th");
  const place = header.cellIndex;
  const numeric = header.classList.contains("num");
  const down = header.getAttribute("aria-sort") ? header.getAttribute("aria-sort") === "ascending" : numeric;
  const body = header.closest("table").tBodies[0];
  const value = (row) => row.cells[place].innerText.trim();
  const order = (a, b) => {
    const [one, other] = [value(a), value(b)];
    if (one === "—" || other === "—") return (one === "—") - (other === "—");
    const difference = numeric ? Number(one) - Number(other) : one.localeCompare(other);
    return down ? -difference : difference;
  };
  for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", down ? "descending" : "ascending");
  body.append(...[...body.rows].sort(order));
}

async function load(place) {
  const response = await fetch(place.dataset.load);
  if (!response.ok) return;
  const part = parsed(await response.text()).querySelector("[data-part]");
  if (part) place.replaceChildren(...part.childNodes);
}

enhance(document);
for (const place of document.querySelectorAll("[data-load]")) if (!place.querySelector("form")) load(place);
