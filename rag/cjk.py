"""Chinese, Japanese and Korean writing, which sets no spaces: cut into characters and pairs. Knows no other text.

A run of such characters counts as its single characters and its pairs of neighbours, so that any two-character word in
it is found without a dictionary. No segmenter serves: the well-known one for Chinese brings a dictionary of 5 MB and
cuts names it does not know; pairs find those as well.
"""

import re
from collections.abc import Collection

# Han with its extensions and 〇々, kana, hangul; of text that is in NFKC.
CJK_CHARACTERS = "\u3005\u3007\u3040-\u309f\u30a1-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff"
_CHARACTER = re.compile(f"[{CJK_CHARACTERS}]")
_HAN = re.compile("[\u4e00-\u9fff]")
_RUN = re.compile(f"[{CJK_CHARACTERS}]+")

# What asks or only joins. Of single characters, those that hardly ever stand inside another word.
_FUNCTION_WORDS = """
    什么时候 什么时间 为什么 什么样 什么 怎么样 怎么 怎样 如何 为何 何时 何地 何人 哪里 哪儿 哪些 哪个 哪位 哪家
    哪部 哪年 哪一年 哪一天 哪天 几时 几个 几位 多少 多久 多长 多大 多高 多远 是否 有没有 是不是 能不能 可不可以
    请问 告诉 关于 根据 一下 我们 你们 他们 她们 它们 这个 那个 这些 那些 这部 那部 这家 那家 因为 所以 但是 以及 的
    了 吗 呢 吧 啊 么 嘛 谁 哪 几 是 请 我 你 您 什麼時候 為什麼 什麼 怎麼 哪裡 誰 嗎 幾 ですか ますか です ます
    でした ました どこ いつ なぜ なに どの いくら 何 の は が を に へ 누구 언제 어디 무엇 얼마나 몇
""".split()
_FUNCTION = re.compile("|".join(sorted(_FUNCTION_WORDS, key=len, reverse=True)))

# These join as well, but stand inside many words: they only excuse a pair that stands nowhere.
_JOINING = frozenset(
    "共总约只还又很最已正能可应曾才在有和与或及为被把从对就也都这那到会将于以由给让用多个一上下中里时來在這對為與"
)


def has_cjk(text: str) -> bool:
    """Return whether the text holds such a character."""
    return _CHARACTER.search(text) is not None


def has_han(text: str) -> bool:
    """Return whether the text holds a character that Chinese is written in."""
    return _HAN.search(text) is not None


def count_cjk(text: str) -> int:
    """Return the number of such characters."""
    return sum(map(len, _RUN.findall(text)))


def grams(run: str) -> list[str]:
    """Return the run's characters and pairs of neighbours, in order of place."""
    return [gram for at in range(len(run)) for gram in (run[at], run[at : at + 2])[: 1 + (at + 1 < len(run))]]


def without_cjk(text: str) -> str:
    """Return the text with a space for every run."""
    return _RUN.sub(" ", text)


def spaced(text: str) -> str:
    """Return the text with every run as its characters and pairs, parted by spaces, and the rest as it is."""
    return _RUN.sub(lambda run: f" {' '.join(grams(run.group()))} ", text)


def content_grams(run: str) -> list[str]:
    """Return the pairs of a question's run between its function words; the character itself where one stands alone."""
    pieces = [piece for piece in _FUNCTION.split(run) if piece]
    return [gram for piece in pieces if piece not in _JOINING for gram in (pairs(piece) or [piece])]


def pairs(run: str) -> list[str]:
    """Return the pairs of neighbours, in order; none of a single character."""
    return [run[at : at + 2] for at in range(len(run) - 1)]


def seams(grams_asked: Collection[str], known: Collection[str]) -> set[str]:
    """Return the pairs that stand nowhere and only lie where two words meet: both characters belong to known pairs."""
    asked = [gram for gram in grams_asked if len(gram) == 2 and has_cjk(gram)]  # noqa: PLR2004 - pairs
    covered = _JOINING.union(*(gram for gram in asked if gram in known))
    return {gram for gram in asked if gram not in known and covered.issuperset(gram)}
