// Fetches the page again every few seconds and replaces its live parts, until the server says that they are done.
import { showTimes } from "./times.js";

const LONGEST_PAUSE = 30;

export function startLive() {
  for (const part of document.querySelectorAll("[data-live]")) watch(part.id);
}

async function watch(id) {
  let failures = 0;
  for (;;) {
    const part = document.getElementById(id);
    if (!part?.dataset.every) return;
    await pause(Math.min(part.dataset.every * 2 ** failures, LONGEST_PAUSE));
    await visible();
    try {
      const fresh = (await load()).getElementById(id);
      if (!fresh) return location.reload(); // the page has become another one
      failures = 0;
      replace(part, fresh);
    } catch {
      failures += 1;
    }
    tell("lost", id).hidden = failures === 0;
  }
}

async function load() {
  const response = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(15_000) });
  if ([401, 403, 404].includes(response.status)) location.reload(); // shows what is to be done
  if (!response.ok) throw new Error(`status ${response.status}`);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

function replace(part, fresh) {
  if (part.outerHTML === fresh.outerHTML) return;
  const focus = part.contains(document.activeElement) ? position(part, document.activeElement) : null;
  part.replaceWith(fresh);
  showTimes();
  if (focus !== null) fresh.querySelectorAll(FOCUSABLE)[focus]?.focus({ preventScroll: true });
  const status = tell("status", part.id);
  if (status.textContent !== fresh.dataset.announce) status.textContent = fresh.dataset.announce;
}

const FOCUSABLE = "a[href], button, input, select, textarea, [tabindex]";
const position = (part, element) => [...part.querySelectorAll(FOCUSABLE)].indexOf(element);
const tell = (what, id) => document.querySelector(`[data-${what}-of="${CSS.escape(id)}"]`);
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

function visible() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
}
