"""Draws what becomes of files while they are put in: events of rag.uploads in, HTML out."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator

from rag.errors import RagError, told_to_visitors
from rag.page_library import FileState, render_files
from rag.uploads import Advance, Fate

# A corpus has thousands of articles: drawing the list for each would take longer than putting them in.
_DRAWN_EVERY_S = 0.1


def drawn_fates(
    events: Iterator[Fate | Advance], done: list[FileState], *, clock: Callable[[], float] = time.monotonic
) -> Iterator[str]:
    """Yield the list of files a few times a second: those done, behind them the one worked on; at last all, done.

    What became of each is put into `done`, too.
    """
    drawn_at, all_read = -math.inf, False
    try:
        with contextlib.closing(events):  # type: ignore[type-var]
            for event in events:
                if isinstance(event, Fate):
                    done.append(state_of(event))
                    under_way = []
                else:
                    all_read = all_read or not (event.name or event.waiting)
                    under_way = [_under_way(event, all_read=all_read)]
                if clock() - drawn_at >= _DRAWN_EVERY_S:
                    drawn_at = clock()
                    yield render_files([*done, *under_way])
    except RagError as error:
        done.append(FileState("The rest", "refused", told_to_visitors(error)))
    yield render_files(done)


def _under_way(advance: Advance, *, all_read: bool) -> FileState:
    if advance.waiting:
        return FileState("Waiting until another upload is done")
    return FileState("Making it searchable" if all_read else advance.name, "", "", advance.done, advance.total)


def state_of(event: Fate) -> FileState:
    """Return what is shown of what became of a file."""
    said = event.reason or (f"as “{event.title}”" if event.title and event.title != event.name else "")
    if event.outcome == "duplicate":
        said = event.reason or f"the same text is there as {event.article_id}"
    return FileState(event.name, event.outcome, said)


def drawn_refusal(name: str, why: str) -> str:
    """Return the list of files with the one that was refused."""
    return render_files([FileState(name or "Pasted text", "refused", why)])
