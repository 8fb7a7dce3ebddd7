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


class QuoteMismatch(RagError):
    """A quote does not stand in the article at the place that was given."""
