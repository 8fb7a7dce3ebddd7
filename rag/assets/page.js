() => {
  // Run once, however often the framework calls it.
  if (window.newspulse) return;
  const root = document.documentElement;
  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const find = (selector, within = document) => within.querySelector(selector);

  /* Light or dark: the system's wish, unless somebody chose. */
  const wear = (dark) => document.body.classList.toggle("dark", dark);
  try { const chosen = localStorage.getItem("newspulse-theme"); if (chosen) wear(chosen === "dark"); } catch {}

  /* The list of conversations is a drawer where there is no room beside the talk. */
  const drawn = () => find("#side.open") !== null;
  const drawer = (open) => {
    find("#side").classList.toggle("open", open);
    find(".side-toggle")?.setAttribute("aria-expanded", String(open));
    if (open) find("#side button")?.focus();
    else find(".side-toggle")?.focus();
  };

  /* A source: the panel opens, its story too, and the quoted words are scrolled to and lit. */
  let opener = null;
  const quoted = (link) => {
    const badge = document.getElementById(link.hash.slice(1));
    return { badge, source: badge?.closest(".source") };
  };
  const marks = (source, number) => source.querySelectorAll(`mark[data-cite~="${CSS.escape(number)}"]`);
  const showSource = (link) => {
    const { badge, source } = quoted(link);
    if (!source) return;
    document.querySelectorAll(".lit").forEach((other) => other.classList.remove("lit"));
    const found = marks(source, badge.textContent);
    const details = find("details", source);
    // A headline that is quoted stands in the passage and not in its story.
    if (details) details.open = [...found].some((one) => details.contains(one));
    found.forEach((mark) => mark.classList.add("lit"));
    source.classList.add("lit");
    source.closest(".sources").classList.add("open");
    opener = link;
    source.scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
    const story = find(".story", source);
    const mark = story && [...found].find((one) => story.contains(one));
    if (mark) story.scrollTop += mark.getBoundingClientRect().top - story.getBoundingClientRect().top - 48;
    source.focus({ preventScroll: true });
  };
  const closeSources = (panel) => {
    panel.classList.remove("open");
    opener?.focus();
    // The quote was read just now.
    hideTip();
    opener = null;
  };

  /* What a number stands for, while it is pointed at or has the focus. */
  const tip = document.createElement("div");
  tip.id = "quote-tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  document.body.append(tip);
  const hideTip = () => { tip.hidden = true; };
  const showTip = (link) => {
    const { badge, source } = quoted(link);
    const passage = source && find("blockquote", source);
    const words = passage ? [...marks(passage, badge.textContent)].map((mark) => mark.textContent).join(" ") : "";
    if (!words) return;
    tip.textContent = words;
    tip.hidden = false;
    link.setAttribute("aria-describedby", tip.id);
    const at = link.getBoundingClientRect();
    const left = Math.min(Math.max(8, at.left - 12), innerWidth - tip.offsetWidth - 8);
    const above = at.top - tip.offsetHeight - 6;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 8 ? above : at.bottom + 6}px`;
  };
  document.addEventListener("mouseover", (event) => {
    const link = event.target.closest?.("a.cite");
    if (link) showTip(link);
    else if (!tip.contains(event.target)) hideTip();
  });
  document.addEventListener("focusin", (event) => { if (event.target.matches?.("a.cite")) showTip(event.target); else hideTip(); });
  document.addEventListener("scroll", hideTip, { passive: true, capture: true });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.cite");
    if (link) {
      // The page's <base> drops the query from "#source-1-1", so following the bare link would load the page anew.
      event.preventDefault();
      hideTip();
      showSource(link);
      return;
    }
    const button = event.target.closest("button[data-do]");
    if (drawn() && !event.target.closest("#side, .side-toggle")) drawer(false);
    document.querySelectorAll("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
    if (!button) return;
    const turn = button.closest(".turn");
    switch (button.dataset.do) {
      case "toggle-side": drawer(!drawn()); break;
      case "toggle-theme":
        wear(!document.body.classList.contains("dark"));
        try { localStorage.setItem("newspulse-theme", document.body.classList.contains("dark") ? "dark" : "light"); } catch {}
        break;
      case "show-sources":
        opener = button;
        find(".sources", turn).classList.add("open");
        find(".sources", turn).focus({ preventScroll: true });
        break;
      case "close-sources": closeSources(button.closest(".sources")); break;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (!tip.hidden) { hideTip(); return; }
    const panel = find(".sources.open");
    const menu = find("details.menu[open]");
    if (menu) { menu.open = false; find("summary", menu).focus(); }
    else if (panel && (getComputedStyle(panel).position === "fixed" || panel.contains(event.target))) closeSources(panel);
    else if (drawn()) drawer(false);
  });

  // A region that is announced must stand in the page before its text changes.
  find("#status")?.setAttribute("role", "status");
  find("#fates")?.setAttribute("aria-live", "polite");

  // The framework's notes are buttons with a button in them, which no screen reader can tell apart.
  new MutationObserver(() => {
    document.querySelectorAll(".toast-header[role]").forEach((head) => {
      head.removeAttribute("role");
      head.removeAttribute("tabindex");
    });
  }).observe(document.body, { childList: true, subtree: true });

  /* A further question is scrolled to the top of the window. */
  const current = find("#current");
  if (current) {
    let shown = "";
    new MutationObserver(() => {
      const turn = find(".turn", current);
      const key = turn ? turn.dataset.turn : "";
      if (turn && key !== shown && find("#past .turn")) turn.scrollIntoView({ block: "start" });
      shown = key;
      root.classList.toggle("talking", Boolean(turn));
    }).observe(current, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-turn"] });
  }

  /* Whether the server is there: told when it is not, and loaded anew when it is back, with what was being written. */
  const away = document.createElement("div");
  away.id = "away";
  away.setAttribute("role", "alert");
  document.body.append(away);
  const draft = () => find("#ask textarea");
  const look = async () => {
    let there = false;
    try { there = (await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(4000) })).ok; } catch {}
    if (!there) away.textContent = "The server cannot be reached. Your conversations are kept; trying again…";
    else if (away.textContent) {
      try { sessionStorage.setItem("newspulse-draft", draft()?.value ?? ""); } catch {}
      location.reload();
    }
  };
  setInterval(() => { if (document.visibilityState === "visible") look(); }, 4000);
  addEventListener("offline", look);
  addEventListener("online", look);
  try {
    const kept = sessionStorage.getItem("newspulse-draft");
    sessionStorage.removeItem("newspulse-draft");
    if (kept && draft()) {
      draft().value = kept;
      draft().dispatchEvent(new Event("input", { bubbles: true }));
    }
  } catch {}

  window.newspulse = {
    showAddress: (id) => history.replaceState(null, "", id ? `/?c=${encodeURIComponent(id)}` : "/"),
  };
}
