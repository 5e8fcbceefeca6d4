// Runs before the first paint: takes the colours and fonts of Airflow around us, and follows them.
(() => {
  "use strict";
  const TOKENS = {
    "--bg": "colors-bg", "--bg-subtle": "colors-bg-subtle", "--bg-panel": "colors-bg-panel", "--bg-hover": "colors-bg-muted",
    "--fg": "colors-fg", "--fg-muted": "colors-fg-muted", "--link": "colors-fg-info",
    "--border": "colors-border", "--border-strong": "colors-border-emphasized", "--track": "colors-bg-emphasized",
    "--brand": "colors-brand-solid", "--brand-fg": "colors-brand-contrast", "--brand-soft": "colors-brand-subtle",
    "--focus": "colors-brand-focus-ring",
    "--ok": "colors-success-solid", "--ok-fg": "colors-success-fg", "--ok-soft": "colors-success-subtle",
    "--busy": "colors-info-solid", "--busy-fg": "colors-info-fg", "--busy-soft": "colors-info-subtle",
    "--warn": "colors-warning-solid", "--warn-fg": "colors-warning-fg", "--warn-soft": "colors-warning-subtle",
    "--bad": "colors-failed-solid", "--bad-fg": "colors-failed-fg", "--bad-soft": "colors-failed-subtle",
    "--idle-fg": "colors-gray-fg", "--idle-soft": "colors-gray-muted",
    "--font": "fonts-body", "--mono": "fonts-mono",
  };
  const own = document.documentElement;
  own.classList.add("scripted");

  const host = outerRoot();
  if (host) {
    follow();
    new MutationObserver(follow).observe(host, { attributes: true, attributeFilter: ["class", "style"] });
    addEventListener("beforeprint", forget); // paper is light
    addEventListener("afterprint", follow);
  }

  function outerRoot() {
    try {
      return parent === window ? null : parent.document.documentElement;
    } catch {
      return null; // framed by another origin
    }
  }

  function follow() {
    for (const mode of ["light", "dark"]) own.classList.toggle(mode, host.classList.contains(mode));
    const theirs = getComputedStyle(host);
    for (const [name, token] of Object.entries(TOKENS)) {
      const value = theirs.getPropertyValue(`--chakra-${token}`).trim();
      if (value) own.style.setProperty(name, value);
      else own.style.removeProperty(name);
    }
  }

  function forget() {
    own.classList.remove("light", "dark");
    for (const name of Object.keys(TOKENS)) own.style.removeProperty(name);
  }
})();
