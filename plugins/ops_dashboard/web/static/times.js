// Relative times go on counting, by the server's clock.
import { ago } from "./wording.js";

const DAY = 86_400;
const skew = Date.now() - Date.parse(document.documentElement.dataset.now);

export function startTimes() {
  setInterval(showTimes, 5_000);
}

export function showTimes() {
  const now = Date.now() - skew;
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const seconds = Math.trunc((now - Date.parse(time.dateTime)) / 1000);
    // Older ones name a day, which the server says in its own words.
    if (Math.abs(seconds) < DAY) time.textContent = ago(seconds);
  }
}
