// Links to Airflow's own pages: inside its frame they must move the page around us, which the sandbox allows only so.
export function startOuterLinks() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-outer]");
    if (!link || parent === window || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    parent.history.pushState({}, "", link.href);
    parent.dispatchEvent(new PopStateEvent("popstate", { state: {} }));
  });
}
