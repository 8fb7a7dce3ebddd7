// Events of the list of conversations, told to the server: 'open', 'rename', 'delete', 'more'.
const rowOf = (node) => node.closest("[data-conversation]");
const keyOf = (node) => rowOf(node).dataset.conversation;
const show = (row, selector, shown) => {
  const part = row.querySelector(selector);
  part.hidden = !shown;
  row.querySelector(".menu").open = false;
  (shown ? part.querySelector("input, button") : row.querySelector(".menu summary")).focus();
};
element.addEventListener("click", (event) => {
  const link = event.target.closest("a.open");
  if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
    event.preventDefault();
    document.querySelector("#side").classList.remove("open");
    trigger("open", { conversation: keyOf(link) });
    return;
  }
  const button = event.target.closest("button[data-do]");
  if (!button) return;
  switch (button.dataset.do) {
    case "rename": if (button.type === "button") show(rowOf(button), ".rename-form", true); break;
    case "delete": show(rowOf(button), ".confirm", true); break;
    case "confirm-delete": trigger("delete", { conversation: keyOf(button) }); break;
    case "close-form": show(rowOf(button), button.closest("form") ? ".rename-form" : ".confirm", false); break;
    case "more": trigger("more", { shown: element.querySelectorAll("[data-conversation]").length }); break;
  }
});
element.addEventListener("submit", (event) => {
  event.preventDefault();
  const title = event.target.querySelector("input").value;
  if (title.trim()) trigger("rename", { conversation: keyOf(event.target), title });
});
element.addEventListener("keydown", (event) => {
  const part = event.target.closest(".rename-form, .confirm");
  if (event.key !== "Escape" || !part) return;
  event.stopPropagation();
  part.querySelector('[data-do="close-form"]').click();
});
