// Filters apply at once when a choice changes or a search is cleared; Enter sends a search.
export function startFilters() {
  for (const form of document.querySelectorAll("form[data-filter]")) {
    form.addEventListener("change", (event) => event.target.matches("select") && form.requestSubmit());
    form.addEventListener("search", () => form.requestSubmit());
    form.addEventListener("formdata", (event) => dropEmpty(event.formData)); // keeps the URL short
  }
}

function dropEmpty(data) {
  for (const [name, value] of [...data]) if (!value) data.delete(name);
}
