// On a narrow screen the tabs scroll: the current one must be in sight.
export function startTabs() {
  document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
}
