// Events of a turn, told to the server: 'ask_again', 'suggested', 'verdict'.
const numberOf = (node) => Number(node.closest("[data-turn]").dataset.turn);
const busy = () => document.querySelector(".turn[aria-busy]") !== null;
const open = (form, text) => {
  form.hidden = false;
  const field = form.querySelector("textarea");
  if (text !== undefined) field.value = text;
  field.focus();
};
const say = (text) => { document.querySelector("#status").textContent = text; };
const copy = async (button) => {
  const text = button.dataset.copy;
  try { await navigator.clipboard.writeText(text); }
  catch {
    // Without https, only this is left.
    const field = document.createElement("textarea");
    field.value = text;
    field.style.position = "fixed";
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    button.focus();
  }
  button.classList.add("done");
  setTimeout(() => button.classList.remove("done"), 1500);
  say("Copied, with the sources.");
};
const judge = (button, kind) => {
  const turn = button.closest(".turn");
  const given = button.getAttribute("aria-pressed") !== "true";
  turn.querySelectorAll(".act.good, .act.bad").forEach((other) => {
    other.setAttribute("aria-pressed", String(given && other === button));
  });
  const form = turn.querySelector(".comment-form");
  if (given) open(form); else form.hidden = true;
  trigger("verdict", { turn: numberOf(button), verdict: given ? kind : "", comment: "" });
};
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-do]");
  if (!button) return;
  const turn = button.closest(".turn");
  const form = turn?.querySelector(".ask-again-form");
  const field = form?.querySelector("textarea");
  switch (button.dataset.do) {
    case "edit": open(form, field.dataset.asked); break;
    case "edit-resolved": open(form, field.dataset.resolved); break;
    case "close-form": {
      const own = button.closest("form");
      own.hidden = true;
      const back = own.matches(".comment-form") ? '.act[aria-pressed="true"]' : ".act.edit";
      turn.querySelector(back)?.focus();
      break;
    }
    case "retry": if (!busy()) trigger("ask_again", { turn: numberOf(button), question: "" }); break;
    case "suggested": if (!busy()) trigger("suggested", { question: button.textContent }); break;
    case "copy": copy(button); break;
    case "good": case "bad": judge(button, button.dataset.do); break;
  }
});
element.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const field = form.querySelector("textarea");
  if (form.dataset.do === "comment") {
    const verdict = form.closest(".turn").querySelector('.act[aria-pressed="true"]')?.dataset.do ?? "";
    trigger("verdict", { turn: numberOf(form), verdict, comment: field.value });
    form.hidden = true;
    form.closest(".turn").querySelector('.act[aria-pressed="true"]')?.focus();
  } else if (!busy() && field.value.trim()) {
    form.hidden = true;
    trigger("ask_again", { turn: numberOf(form), question: field.value });
  }
});
element.addEventListener("keydown", (event) => {
  const form = event.target.closest("form");
  if (!form) return;
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target.matches("textarea")) {
    event.preventDefault();
    form.requestSubmit();
  } else if (event.key === "Escape") {
    event.stopPropagation();
    form.querySelector('[data-do="close-form"]').click();
  }
});
