"use strict";
// Filters the questions, and keeps what a person has seen and noted in this browser; nothing leaves the page.
(() => {
  const cases = [...document.querySelectorAll("details.case")];
  if (!cases.length) return;
  const by = (id) => document.getElementById(id);
  const key = "rag-eval " + document.title + " " + cases.length;
  let kept = {};
  try { kept = JSON.parse(localStorage.getItem(key)) || {}; } catch { /* a file's page may have no storage */ }
  const keep = () => { try { localStorage.setItem(key, JSON.stringify(kept)); } catch { /* as above */ } };
  const of = (one) => kept[one.dataset.id] || {};
  const filter = () => {
    const words = by("words").value.toLowerCase();
    let count = 0;
    for (const one of cases) {
      const why = by("why").value, seen = by("seen").value;
      const fits = (!by("kind").value || one.dataset.kind === by("kind").value)
        && (!why || (why === "failed" ? one.dataset.why : why === "good" ? !one.dataset.why : one.dataset.why === why))
        && (!seen || (seen === "yes") === Boolean(of(one).seen))
        && (!words || one.textContent.toLowerCase().includes(words));
      one.hidden = !fits;
      one.classList.toggle("seen", Boolean(of(one).seen));
      count += fits ? 1 : 0;
    }
    by("shown").textContent = count + " of " + cases.length;
  };
  const next = () => {
    const shown = cases.filter((one) => !one.hidden);
    const at = shown.findIndex((one) => one.open);
    if (at >= 0) shown[at].open = false;
    const one = shown[at + 1];
    if (one) { one.open = true; one.scrollIntoView(); one.querySelector("summary").focus(); }
  };
  for (const one of cases) {
    const box = one.querySelector("input"), note = one.querySelector("textarea");
    box.checked = Boolean(of(one).seen);
    note.value = of(one).note || "";
    const change = () => {
      kept[one.dataset.id] = { seen: box.checked, note: note.value };
      one.classList.toggle("seen", box.checked);
      keep();
    };
    box.addEventListener("change", change);
    note.addEventListener("input", change);
  }
  for (const id of ["kind", "why", "seen", "words"]) by(id).addEventListener("input", filter);
  by("filters").addEventListener("submit", (event) => event.preventDefault());
  by("next").addEventListener("click", next);
  by("save").addEventListener("click", () => {
    const lines = Object.entries(kept).map(([id, one]) => JSON.stringify({ id, ...one }) + "\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(lines, { type: "application/jsonl" }));
    link.download = "notes.jsonl";
    link.click();
    URL.revokeObjectURL(link.href);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "n" && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) next();
  });
  filter();
})();
