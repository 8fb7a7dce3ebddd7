() => {
  // The page's <base> drops the query from "#source-1-1", so following the bare link would load the page anew.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.cite");
    if (!link) return;
    event.preventDefault();
    const number = document.getElementById(link.hash.slice(1));
    const source = number?.closest(".source");
    if (!source) return;
    document.querySelectorAll(".lit").forEach((other) => other.classList.remove("lit"));
    source.querySelectorAll(`mark[data-cite~="${number.textContent}"]`).forEach((mark) => mark.classList.add("lit"));
    source.classList.add("lit");
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    source.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
    source.focus({ preventScroll: true });
  });
  // A region that is announced must stand in the page before its text changes.
  document.getElementById("status")?.setAttribute("role", "status");
  const current = document.getElementById("current");
  let shown = "";
  new MutationObserver(() => {
    const turn = current.querySelector(".turn");
    if (turn && turn.dataset.turn !== shown && document.querySelector("#past .turn")) turn.scrollIntoView({ block: "start" });
    shown = turn ? turn.dataset.turn : "";
  }).observe(current, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-turn"] });
}
