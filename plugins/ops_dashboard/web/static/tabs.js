// On a narrow screen the tabs scroll: the current one must be in sight.
export function startTabs() {
  const current = document.querySelector(".tabs [aria-current]");
  if (!current) return;
  // Not scrollIntoView: since Chromium 150 the keyboard goes on from what was scrolled to, past the link to the content.
  const tabs = current.parentElement;
  tabs.scrollLeft = Math.max(0, current.offsetLeft + current.offsetWidth - tabs.offsetLeft - tabs.clientWidth);
}
