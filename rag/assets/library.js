// Events of the library's table and of what was removed, told to the server: 'turn_page', 'remove', 'undo'.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-do]");
  if (!button) return;
  const article = button.closest("[data-article]")?.dataset.article;
  switch (button.dataset.do) {
    case "before": trigger("turn_page", { by: -1 }); break;
    case "after": trigger("turn_page", { by: 1 }); break;
    case "ask-of": location.assign(`/?article=${encodeURIComponent(article)}`); break;
    case "remove": trigger("remove", { article }); break;
    case "undo": trigger("undo", { number: Number(button.dataset.number) }); break;
  }
});
