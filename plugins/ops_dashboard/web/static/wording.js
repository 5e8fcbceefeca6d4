// The same words as wording.py, for what moves in the browser; a test holds the two together.
export function ago(seconds) {
  if (seconds === 0) return "just now";
  const amount = howLong(Math.abs(seconds));
  return seconds < 0 ? `in ${amount}` : `${amount} ago`;
}

function howLong(seconds) {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3_600)} h`;
}

export function difference(before, after, unit) {
  if (!unit) return "";
  if (after === before) return "no change";
  const count = Math.abs(after - before);
  return `${count} ${after > before ? "more" : "fewer"} ${count === 1 ? unit.replace(/s$/, "") : unit}`;
}
