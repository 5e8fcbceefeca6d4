// When a field changes that others depend on, their choices are fetched, and only those fields are replaced.
export function startChoices() {
  for (const button of document.querySelectorAll("button[data-renews]")) watch(button);
}

function watch(button) {
  const form = button.form;
  const causes = button.dataset.on.split(" ");
  let latest = 0;
  form.addEventListener("change", async (event) => {
    if (!causes.includes(event.target.name)) return;
    const turn = ++latest;
    form.setAttribute("aria-busy", "true");
    try {
      const fresh = await load(form, button);
      if (turn === latest) replace(button, fresh); // else another change has overtaken this one
    } catch {
      if (turn === latest) form.requestSubmit(button); // the page that answers says what is wrong
    } finally {
      if (turn === latest) form.removeAttribute("aria-busy");
    }
  });
}

async function load(form, button) {
  const body = new URLSearchParams(new FormData(form));
  body.set(button.name, button.value);
  const response = await fetch(location.href, { method: "POST", body, signal: AbortSignal.timeout(15_000) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

function replace(button, fresh) {
  const renewed = [];
  for (const name of button.dataset.renews.split(" ")) {
    const [old, next] = [document, fresh].map((page) => page.getElementById(`field-${name}`)?.closest(".field"));
    if (!old || !next) continue;
    const focused = old.contains(document.activeElement);
    old.replaceWith(next);
    if (focused) document.getElementById(`field-${name}`).focus({ preventScroll: true });
    renewed.push(next.querySelector("label").textContent.trim());
  }
  button.form.querySelector("[data-renewed]").textContent = `Choices updated: ${renewed.join(", ")}`;
}
