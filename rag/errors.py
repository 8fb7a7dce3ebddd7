"""What can go wrong from an article to an answer; every message says what happened, with which value, what to do.

RagError
├── ArticleError
│   ├── ArticleRefused      a file or row that cannot be an article
│   └── ArticleMissing      no article of this id in the store
├── StoreError
│   ├── StoreMissing        no store in this folder
│   ├── StoreBusy           another process is writing
│   ├── StoreUnwritable     the folder cannot be written
│   ├── StoreDamaged        the database does not read
│   └── StoreMismatch       made by another embedder or another version
├── ChatsUnreadable         the file of conversations cannot be read or written
├── ConversationMissing     no conversation of this id, or another's
├── QuestionRefused         empty, too long, or without a single word
├── SettingsInvalid         an unknown setting, or a value that does not fit
├── AssistantBusy           as many questions as can be taken are in already
├── GeneratorFailed         a generator writes on and on without a citation
│   └── ModelFailed         a language model, or its server, gives no answer
├── ReceiptInvalid          what is to be verified is no receipt
└── QuoteMismatch           a quote does not stand where it is said to stand
"""


class RagError(Exception):
    """Any failure that a person can do something about; shown as one line."""


class ArticleError(RagError):
    """Something is wrong with an article."""


class ArticleRefused(ArticleError):
    """A file or row cannot be read as an article."""


class ArticleMissing(ArticleError):
    """The store holds no article of this id."""


class StoreError(RagError):
    """Something is wrong with the store."""


class StoreMissing(StoreError):
    """There is no store in the folder."""


class StoreBusy(StoreError):
    """Another process holds the writer's lock."""


class StoreUnwritable(StoreError):
    """The store's folder or disk cannot be written."""


class StoreDamaged(StoreError):
    """The store's database is damaged."""


class StoreMismatch(StoreError):
    """The store was made with another embedder, or by another version."""


class ChatsUnreadable(RagError):
    """The file of conversations and feedback cannot be read or written."""


class ConversationMissing(RagError):
    """The owner has no conversation of this id; another's is none."""


class QuestionRefused(RagError):
    """The question is empty, too long, or holds no word."""


class SettingsInvalid(RagError):
    """A setting is unknown or its value does not fit."""


class AssistantBusy(RagError):
    """No more questions are taken for now: of anybody, or of this one client."""

    def __init__(self, said: str, retry_after_s: int, *, of_client: bool = False) -> None:
        super().__init__(said)
        self.retry_after_s = retry_after_s
        self.of_client = of_client


class GeneratorFailed(RagError):
    """A generator writes on and on without a citation."""


class ModelFailed(GeneratorFailed):
    """A language model, or its server, gives no answer; `reason` is one of the words of MODEL_REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(MODEL_REASONS[reason])
        self.reason = reason


class QuoteMismatch(RagError):
    """A quote does not stand in the article at the place that was given."""


class ReceiptInvalid(RagError):
    """What is to be verified is no receipt of an answer."""


MODEL_REASONS = {
    "connection": "its server cannot be reached",
    "timeout": "it did not answer in time",
    "key": "its server refuses the key; set the key in the environment",
    "busy": "its server takes no more requests at present",
    "server": "its server reports a failure",
    "request": "its server refuses the request; check the model's name",
    "junk": "what its server sends is no answer",
    "large": "its server sends far more than an answer",
    "cut": "its answer breaks off",
    "refused": "it declines to answer",
    "none": "it finds no answer in the passages",
    "silent": "it wrote nothing",
    "resting": "it failed several times and is asked again later",
}
"""What can be said of a failure to anyone: nothing here comes from the server."""


def told_to_visitors(error: RagError) -> str:
    """Return what a visitor of a server may read of an error: its own words, where they tell nothing of the server."""
    match error:
        case ArticleMissing():
            return "this article is not in the library any more"
        case StoreBusy():
            return "another program is changing the articles; try again"
        case StoreError():
            return "the articles cannot be read at the moment; the server's log says why"
        case ChatsUnreadable():
            return "conversations cannot be read or written at the moment; the server's log says why"
    return str(error)
