// A chat bubble for any page: <script src="https://SERVER/v1/widget.js" defer></script> adds <newspulse-chat>.
// Asks /v1/ask of the server that it came from. Everything an article, a question or a model says becomes a text node.
(() => {
  "use strict";
  const NAME = "newspulse-chat";
  if (customElements.get(NAME)) return;

  const SCRIPT = document.currentScript;
  const MOST_TURNS = 20;
  // What a reader should not miss; other notices stand quietly below the answer.
  const LOUD = ["conflict", "time_scope", "empty_scope", "cut_off", "generator_failed"];
  const NARROW = "(max-width: 520px)";

  const LOOK = `
    :host { all: initial; --ink: #1d2430; --soft: #566072; --line: #dfe3e8; --edge: #8a93a3; --paper: #fbfaf8; --card: #fff;
      --accent: var(--newspulse-accent, #0b5a6f); --on-accent: var(--newspulse-on-accent, #fff); --tint: #e3f0f3;
      --quote: #fdf6dc; --warn: #8a4b08; --warn-tint: #fdf4e7; --bad: #a3261f; color-scheme: light; }
    :host([hidden]) { display: none; }
    :host([data-dark]) { --ink: #e7e9ee; --soft: #a8b1c0; --line: #323a47; --edge: #768193; --paper: #14181f; --card: #1c222c;
      --accent: var(--newspulse-accent, #7cc7da); --on-accent: var(--newspulse-on-accent, #14181f); --tint: #1f3841;
      --quote: #2e2a1b; --warn: #f0b877; --warn-tint: #2d2417; --bad: #ff9d94; color-scheme: dark; }
    *, *::before { box-sizing: border-box; }
    [hidden] { display: none !important; }
    :where(button, textarea, dialog, p, h2, ol, li, blockquote) { font: inherit; color: inherit; margin: 0; padding: 0; }
    .bubble, dialog { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: var(--ink); z-index: 2147483000; }
    .bubble { position: fixed; right: max(20px, env(safe-area-inset-right)); bottom: max(20px, env(safe-area-inset-bottom));
      width: 56px; height: 56px; border: 0; border-radius: 50%; background: var(--accent); color: var(--on-accent); cursor: pointer;
      display: grid; place-items: center; box-shadow: 0 4px 16px #0004; }
    .bubble:hover { filter: brightness(1.1); }
    svg { width: 24px; height: 24px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
    :is(button, a, textarea, .log):focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    .bubble:focus-visible { outline: 3px solid var(--ink); }
    dialog { position: fixed; inset: auto max(20px, env(safe-area-inset-right)) 88px auto; width: 400px; max-width: calc(100vw - 40px);
      height: min(620px, calc(100dvh - 108px)); max-height: none; border: 1px solid var(--line); border-radius: 14px; overflow: hidden;
      background: var(--paper); box-shadow: 0 12px 40px #0005; flex-direction: column; }
    dialog[open] { display: flex; }
    dialog::backdrop { background: transparent; }
    header { display: flex; align-items: center; gap: 4px; padding: 10px 8px 10px 16px; border-bottom: 1px solid var(--line); background: var(--card); }
    h2 { flex: 1; font-size: 16px; font-weight: 650; overflow-wrap: anywhere; }
    .plain { border: 0; background: none; border-radius: 8px; cursor: pointer; color: var(--soft); display: grid; place-items: center; width: 36px; height: 36px; }
    .plain:hover { color: var(--ink); background: var(--tint); }
    .plain svg { width: 20px; height: 20px; }
    .log { flex: 1; overflow-y: auto; padding: 16px; overscroll-behavior: contain; outline-offset: -2px !important; }
    ol { list-style: none; display: grid; gap: 20px; }
    .greeting { color: var(--soft); }
    .asked { margin-left: 32px; padding: 8px 12px; border-radius: 12px 12px 2px; background: var(--tint); width: fit-content; justify-self: end; }
    li { display: grid; gap: 8px; }
    .asked, .said, .note, blockquote { overflow-wrap: anywhere; white-space: pre-line; }
    .understood, .note, .from { font-size: 13px; color: var(--soft); }
    .said.abstained { border-left: 3px solid var(--edge); padding-left: 10px; }
    .note { border-left: 3px solid var(--line); padding: 0 10px; }
    .note.loud { border-color: var(--warn); background: var(--warn-tint); padding: 6px 10px; border-radius: 0 6px 6px 0; color: var(--ink); }
    .note.failed { border-color: var(--bad); }
    .unproved { color: var(--soft); text-decoration: underline dotted var(--warn); }
    .number { display: inline-grid; place-items: center; min-width: 24px; height: 24px; padding: 0 5px; margin: 0 2px; border: 1px solid var(--accent);
      border-radius: 6px; background: none; color: var(--accent); font-size: 12px; font-weight: 650; line-height: 1; cursor: pointer; vertical-align: 1px; }
    .number:hover { background: var(--tint); }
    .number[aria-expanded="true"] { background: var(--accent); color: var(--on-accent); }
    .source { border: 1px solid var(--line); border-radius: 10px; background: var(--card); padding: 10px 12px; display: grid; gap: 6px; }
    .source strong { font-weight: 650; overflow-wrap: anywhere; }
    blockquote { background: var(--quote); padding: 6px 10px; border-radius: 6px; }
    a { color: var(--accent); overflow-wrap: anywhere; }
    .again { justify-self: start; border: 1px solid var(--edge); background: var(--card); border-radius: 8px; padding: 6px 12px; cursor: pointer; }
    .again:hover { border-color: var(--accent); color: var(--accent); }
    .dots::after { content: "…"; color: var(--soft); }
    @media (prefers-reduced-motion: no-preference) { .dots::after { animation: pulse 1.2s ease-in-out infinite; } }
    @keyframes pulse { 50% { opacity: .3; } }
    form { display: flex; align-items: end; gap: 8px; padding: 10px 12px max(10px, env(safe-area-inset-bottom)); border-top: 1px solid var(--line); background: var(--card); }
    textarea { flex: 1; resize: none; height: 42px; max-height: 120px; padding: 9px 12px; border: 1px solid var(--edge); border-radius: 10px; background: var(--paper); }
    textarea::placeholder { color: var(--soft); opacity: 1; }
    .send { flex: none; width: 42px; height: 42px; border: 0; border-radius: 10px; background: var(--accent); color: var(--on-accent); cursor: pointer; display: grid; place-items: center; }
    .send svg { width: 20px; height: 20px; }
    .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    @media ${NARROW} { dialog { inset: 0; width: 100%; max-width: none; height: 100dvh; border: 0; border-radius: 0; } textarea { font-size: 16px; } }
    @media (forced-colors: active) { .bubble, .send, .number { border: 1px solid; } }
    @media print { .bubble, dialog { display: none !important; } }`;

  const SIGNS = {
    open: "M4 5.5h16v11H10l-4.500 4v-4H4z M8 9.500h8 M8 12.500h5",
    close: "M6 6l12 12 M18 6L6 18",
    fresh: "M12 5v14 M5 12h14",
    send: "M5 12h13 M12.500 6l6 6-6 6",
    stop: "M7 7h10v10H7z",
  };

  // The server that this script came from; its routes stand beside the script.
  const home = () => new URL("./", SCRIPT && SCRIPT.src ? SCRIPT.src : document.baseURI).href;

  const make = (tag, about = {}, ...inside) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(about)) {
      if (name === "onclick") made.addEventListener("click", value);
      else if (value !== null && value !== undefined) made.setAttribute(name, value);
    }
    made.append(...inside);
    return made;
  };

  const sign = (name) => {
    const drawn = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    drawn.setAttribute("viewBox", "0 0 24 24");
    drawn.setAttribute("aria-hidden", "true");
    path.setAttribute("d", SIGNS[name]);
    drawn.append(path);
    return drawn;
  };

  // Only a plain web address becomes a link; its host is shown, in ASCII as the browser reads it.
  const address = (url) => {
    try {
      const read = new URL(url);
      return /^https?:$/.test(read.protocol) && !read.username && !read.password ? read : null;
    } catch {
      return null;
    }
  };

  // Controls that draw nothing, hide text or turn its order around.
  const seen = (text) => String(text ?? "").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]|\udb40[\udc00-\udc7f]/g, "");

  const when = (citation) => {
    const day = citation.published && new Date(`${citation.published}T12:00:00`);
    if (!day || Number.isNaN(day.getTime())) return "no date";
    const written = day.toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
    return citation.published_inferred ? `about ${written}, inferred` : written;
  };

  // Yields {name, row} for every server-sent event of the response.
  async function* eventsOf(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let waiting = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      waiting = (waiting + value).replace(/\r\n/g, "\n");
      const blocks = waiting.split("\n\n");
      waiting = blocks.pop();
      for (const block of blocks) {
        let name = "message";
        const lines = [];
        for (const line of block.split("\n")) {
          if (line.startsWith("event:")) name = line.slice(6).trim();
          else if (line.startsWith("data:")) lines.push(line.slice(5));
        }
        if (lines.length) yield { name, row: JSON.parse(lines.join("\n")) };
      }
    }
  }

  class Told extends Error {}

  // What to say of a response that is no answer.
  async function refusal(response) {
    if (response.status === 401) return "This page is not signed in where the articles are kept.";
    let detail = "";
    try {
      detail = seen((await response.json()).detail).slice(0, 300);
    } catch {
      // A page of some proxy: its words are not for here.
    }
    const wait = Number(response.headers.get("retry-after"));
    if (response.status === 429 || response.status === 503) {
      return `${detail || "Too many questions at once"}${wait ? `. Try again in ${wait} s` : ""}.`;
    }
    return detail ? `${detail}.` : "This question could not be answered.";
  }

  class Chat extends HTMLElement {
    #turns = [];
    #asking = null;
    #parts = null;
    #narrow = window.matchMedia(NARROW);
    #dark = window.matchMedia("(prefers-color-scheme: dark)");

    static observedAttributes = ["theme", "heading", "placeholder", "greeting"];

    connectedCallback() {
      if (!this.#parts) this.#build();
      this.#narrow.addEventListener("change", this.#fit);
      this.#dark.addEventListener("change", this.#paint);
      this.#paint();
    }

    disconnectedCallback() {
      this.#asking?.abort();
      this.#narrow.removeEventListener("change", this.#fit);
      this.#dark.removeEventListener("change", this.#paint);
    }

    attributeChangedCallback() {
      if (!this.#parts) return;
      this.#paint();
      this.#word();
    }

    // The page's own words for things, each an attribute.
    #told(name, otherwise) {
      return this.getAttribute(name) || otherwise;
    }

    #build() {
      const root = this.attachShadow({ mode: "open" });
      // No <style> element: a page's Content-Security-Policy may forbid those.
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(LOOK);
      root.adoptedStyleSheets = [sheet];
      const bubble = make("button", { type: "button", class: "bubble", "aria-haspopup": "dialog", "aria-expanded": "false", "aria-controls": "panel", onclick: () => this.toggle() }, sign("open"));
      const heading = make("h2", { id: "heading" });
      const fresh = make("button", { type: "button", class: "plain", "aria-label": "New conversation", title: "New conversation", onclick: () => this.#begin() }, sign("fresh"));
      const close = make("button", { type: "button", class: "plain", "aria-label": "Close", title: "Close", onclick: () => this.close() }, sign("close"));
      const greeting = make("p", { class: "greeting" });
      const turns = make("ol");
      const log = make("div", { class: "log", role: "region", tabindex: "0", "aria-label": "Conversation" }, greeting, turns);
      const box = make("textarea", { id: "box", rows: "1", maxlength: "20000", enterkeyhint: "send", autocomplete: "off" });
      const label = make("label", { for: "box", class: "unseen" }, "Your question");
      const send = make("button", { type: "submit", class: "send" });
      const form = make("form", {}, label, box, send);
      const status = make("div", { class: "unseen", role: "status", "aria-live": "polite" });
      const panel = make("dialog", { id: "panel", "aria-labelledby": "heading" }, make("header", {}, heading, fresh, close), log, form, status);
      root.append(bubble, panel);
      this.#parts = { bubble, heading, greeting, turns, log, box, send, status, panel };
      this.#listen(form);
      this.#word();
      this.#ready();
    }

    #listen(form) {
      const { box, panel } = this.#parts;
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        if (this.#asking) this.#asking.abort();
        else this.ask(box.value);
      });
      box.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        if (!this.#asking) this.ask(box.value);
      });
      box.addEventListener("input", () => this.#grow());
      panel.addEventListener("cancel", (event) => {
        event.preventDefault();
        this.close();
      });
      // Keys that are typed here are none of the page's shortcuts.
      for (const kind of ["keydown", "keyup", "keypress"]) {
        panel.addEventListener(kind, (event) => {
          if (kind === "keydown" && event.key === "Escape" && !event.isComposing) {
            event.preventDefault();
            this.close();
          }
          event.stopPropagation();
        });
      }
    }

    #word() {
      const { bubble, heading, greeting, box } = this.#parts;
      heading.textContent = this.#told("heading", "Ask the news");
      bubble.setAttribute("aria-label", heading.textContent);
      bubble.title = heading.textContent;
      greeting.textContent = this.#told("greeting", "Ask about the articles. Every sentence of an answer has a number; it opens the quote that proves it.");
      box.placeholder = this.#told("placeholder", "Ask about the articles");
    }

    #paint = () => {
      const theme = this.getAttribute("theme");
      this.toggleAttribute("data-dark", theme ? theme === "dark" : this.#dark.matches);
    };

    // On a phone the panel is the whole screen, and what lies behind cannot be reached.
    #fit = () => {
      const { panel } = this.#parts;
      if (!panel.open) return;
      const inside = this.shadowRoot.activeElement;
      panel.close();
      this.#show();
      inside?.focus();
    };

    #show() {
      if (this.#narrow.matches) this.#parts.panel.showModal();
      else this.#parts.panel.show();
    }

    get isOpen() {
      return this.#parts.panel.open;
    }

    toggle() {
      if (this.isOpen) this.close();
      else this.open();
    }

    open() {
      const { bubble, box, log } = this.#parts;
      if (!this.isOpen) this.#show();
      bubble.setAttribute("aria-expanded", "true");
      log.scrollTop = log.scrollHeight;
      box.focus();
    }

    close() {
      const { bubble, panel } = this.#parts;
      panel.close();
      bubble.setAttribute("aria-expanded", "false");
      bubble.focus();
    }

    #begin() {
      this.#asking?.abort();
      this.#turns = [];
      this.#parts.turns.replaceChildren();
      this.#parts.greeting.hidden = false;
      this.#parts.status.textContent = "";
      this.#parts.box.focus();
    }

    #grow() {
      const { box } = this.#parts;
      box.style.height = "42px";
      box.style.height = `${Math.min(box.scrollHeight + 2, 120)}px`;
    }

    #ready() {
      const { send } = this.#parts;
      const what = this.#asking ? "Stop" : "Ask";
      send.replaceChildren(sign(this.#asking ? "stop" : "send"));
      send.setAttribute("aria-label", what);
      send.title = what;
    }

    async ask(question) {
      question = question.trim();
      if (!question || this.#asking) return;
      const { turns, greeting, box, log, status } = this.#parts;
      const asking = new AbortController();
      this.#asking = asking;
      this.#ready();
      greeting.hidden = true;
      box.value = "";
      this.#grow();
      status.textContent = "Looking through the articles";
      const said = make("p", { class: "said dots", dir: "auto" });
      const turn = make("li", { "aria-busy": "true" }, make("p", { class: "asked", dir: "auto" }, seen(question)), said);
      turns.append(turn);
      log.scrollTop = log.scrollHeight;
      try {
        const row = await this.#answered(question, said, asking.signal);
        this.#finish(turn, said, question, row);
      } catch (error) {
        if (asking.signal.aborted) this.#note(turn, "Stopped before the end.", said);
        else this.#fail(turn, said, question, error);
      }
      said.classList.remove("dots");
      turn.removeAttribute("aria-busy");
      if (this.#asking === asking) {
        this.#asking = null;
        this.#ready();
      }
    }

    // Returns the whole answer; shows on the way what is said, which has passed the gate already.
    async #answered(question, said, signal) {
      const history = this.#turns.slice(-MOST_TURNS).flatMap((turn) => [
        { role: "user", content: turn.question },
        { role: "assistant", content: turn.text },
      ]);
      const token = this.#told("token", SCRIPT?.dataset.token);
      const headers = { "content-type": "application/json", accept: "text/event-stream" };
      if (token) headers.authorization = `Bearer ${token}`;
      const body = JSON.stringify({ question, history, stream: true });
      const url = new URL("ask", this.#told("server", home()));
      const response = await fetch(url, { method: "POST", headers, body, signal, credentials: "omit", cache: "no-store" });
      if (!response.ok) throw new Told(await refusal(response));
      for await (const { name, row } of eventsOf(response)) {
        if (name === "delta") {
          said.append(seen(row.text));
          this.#follow();
        } else if (name === "done") return row;
        else if (name === "error") throw new Told(`${seen(row.detail).slice(0, 300)}.`);
      }
      throw new Told("The answer broke off.");
    }

    #finish(turn, said, question, row) {
      const { answer } = row;
      this.#turns.push({ question, text: answer.text });
      const source = make("section", { class: "source", hidden: "" });
      if (answer.abstained) said.classList.add("abstained");
      if (answer.sentences.length) said.replaceChildren(...this.#sentences(answer, source));
      else said.replaceChildren(seen(answer.text));
      if (row.resolved_question && row.resolved_question !== question) {
        said.before(make("p", { class: "understood", dir: "auto" }, `Understood as: ${seen(row.resolved_question)}`));
      }
      turn.append(source);
      for (const notice of answer.notices) this.#note(turn, notice.text, null).classList.toggle("loud", LOUD.includes(notice.kind));
      this.#parts.status.textContent = `Answer: ${seen(answer.sentences.map((s) => s.text).join(" ") || answer.text)}`;
      this.#follow();
    }

    #sentences(answer, source) {
      const cited = new Map(answer.citations.map((citation) => [citation.number, citation]));
      return answer.sentences.flatMap((sentence) => {
        if (sentence.supported === false) return [make("span", { class: "unproved" }, `${seen(sentence.text)} [unsupported]`), " "];
        const numbers = sentence.citations.filter((number) => cited.has(number));
        return [`${seen(sentence.text)} `, ...numbers.map((number) => this.#number(cited.get(number), source)), " "];
      });
    }

    #number(citation, source) {
      const label = `Source ${citation.number}: ${seen(citation.headline)}`;
      const about = { type: "button", class: "number", "aria-expanded": "false", "aria-label": label, title: seen(citation.headline) };
      const button = make("button", about, String(citation.number));
      button.addEventListener("click", () => {
        const opened = button.getAttribute("aria-expanded") === "true";
        for (const other of button.parentNode.querySelectorAll(".number")) other.setAttribute("aria-expanded", "false");
        source.hidden = opened;
        if (opened) return;
        button.setAttribute("aria-expanded", "true");
        source.setAttribute("aria-label", label);
        source.replaceChildren(...this.#source(citation));
        source.scrollIntoView({ block: "nearest" });
        this.#parts.status.textContent = `${label}. “${seen(citation.quote)}”`;
      });
      return button;
    }

    #source(citation) {
      const from = [citation.publisher, when(citation)].filter(Boolean).map(seen).join(" · ");
      const shown = [
        make("strong", { dir: "auto" }, seen(citation.headline)),
        make("blockquote", { dir: "auto" }, seen(citation.quote)),
        make("p", { class: "from", dir: "auto" }, from),
      ];
      const read = address(citation.url);
      if (read) shown.push(make("a", { href: read.href, target: "_blank", rel: "noopener noreferrer nofollow" }, `Read at ${read.host}`));
      return shown;
    }

    #note(turn, text, behind) {
      const note = make("p", { class: "note", dir: "auto" }, seen(text));
      if (behind) behind.after(note);
      else turn.append(note);
      return note;
    }

    #fail(turn, said, question, error) {
      const why = error instanceof Told ? error.message : "The articles cannot be reached. Check the connection.";
      const note = this.#note(turn, said.textContent ? `The answer breaks off here. ${why}` : why, said);
      note.classList.add("loud", "failed");
      if (!said.textContent) said.hidden = true;
      this.#parts.status.textContent = why;
      const again = make("button", { type: "button", class: "again" }, "Ask again");
      again.addEventListener("click", () => {
        if (this.#asking) return;
        turn.remove();
        this.#parts.box.focus();
        this.ask(question);
      });
      turn.append(again);
      this.#follow();
    }

    // Stays at the end, unless somebody has scrolled up to read.
    #follow() {
      const { log } = this.#parts;
      if (log.scrollHeight - log.scrollTop - log.clientHeight < 160) log.scrollTop = log.scrollHeight;
    }
  }

  customElements.define(NAME, Chat);

  const add = () => {
    if (document.querySelector(NAME)) return;
    const { heading, placeholder, greeting, theme } = SCRIPT?.dataset ?? {};
    document.body.append(make(NAME, { heading, placeholder, greeting, theme }));
  };
  if (document.body) add();
  else document.addEventListener("DOMContentLoaded", add);
})();
