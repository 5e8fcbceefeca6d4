// Sliders, changes and repeated values follow their field; a form with a dialog asks before it is sent, and is sent once.
import { difference } from "./wording.js";

export function startForms() {
  for (const slider of document.querySelectorAll("[data-slides]")) tie(slider, document.getElementById(slider.dataset.slides));
  for (const change of document.querySelectorAll("[data-follows]")) follow(change);
  for (const copy of document.querySelectorAll("[data-typed]")) repeat(copy);
  for (const note of document.querySelectorAll("[data-outside]")) judge(note);
  for (const form of document.querySelectorAll("form[method=post]")) guard(form);
}

function tie(slider, field) {
  slider.addEventListener("input", () => {
    field.value = slider.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  field.addEventListener("input", () => (slider.value = field.value));
}

function follow(change) {
  const { follows, before, unit, warnFrom } = change.dataset;
  const field = document.querySelector(`:is(input, select, textarea)[name="${CSS.escape(follows)}"]`);
  const show = () => {
    const after = field.value;
    change.querySelector("[data-after]").textContent = after || "–";
    const words = change.querySelector("[data-difference]");
    if (words) words.textContent = after && before ? difference(Number(before), Number(after), unit) : "";
    const warning = change.querySelector("[data-warning]");
    if (warning) warning.hidden = !(after && before && warnFrom && Math.abs(after - before) >= warnFrom);
  };
  field?.addEventListener("input", show);
  if (field) show();
}

function judge(note) {
  const field = note.closest("form").elements.namedItem(note.dataset.outside);
  const button = note.closest("dialog").querySelector("[data-confirmed]");
  const ranges = JSON.parse(note.dataset.ranges);
  const usual = button.textContent;
  const show = () => {
    const value = Number(field.value);
    const inside = ranges.some(([least, most]) => (least === null || value >= least) && (most === null || value <= most));
    note.hidden = inside;
    button.textContent = inside ? usual : note.dataset.button || usual;
    button.disabled = !inside && !note.dataset.button;
  };
  field.addEventListener("input", show);
  window.addEventListener("pageshow", () => setTimeout(show)); // after the form was unlocked
  show();
}

function repeat(copy) {
  const field = copy.closest("form")?.elements.namedItem(copy.dataset.typed);
  const show = () => (copy.textContent = field.value.trim() || "–");
  field?.addEventListener("input", show);
  if (field) show();
}

function guard(form) {
  const dialog = form.querySelector("dialog");
  form.addEventListener("submit", (event) => {
    const confirmed = !dialog || event.submitter?.hasAttribute("data-confirmed");
    if (!confirmed) {
      event.preventDefault();
      dialog.showModal();
      return;
    }
    // Disabled only after the browser has read the form; a second click must not send it again.
    setTimeout(() => lock(form, true));
  });
  dialog?.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog?.addEventListener("keydown", keepFocus);
  window.addEventListener("pageshow", () => lock(form, false)); // the page may come back by the back button
}

// A modal dialog keeps the focus in its document; ours is a frame, so Tab would leave for the page around it.
function keepFocus(event) {
  if (event.key !== "Tab") return;
  const stops = [...event.currentTarget.querySelectorAll("button:enabled, a[href], input:not([type=hidden])")];
  const next = stops[(stops.indexOf(document.activeElement) + (event.shiftKey ? -1 : 1) + stops.length) % stops.length];
  event.preventDefault();
  next.focus();
}

function lock(form, locked) {
  for (const button of form.querySelectorAll("button[type=submit]")) button.disabled = locked;
}
