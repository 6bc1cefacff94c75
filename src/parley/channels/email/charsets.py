"""Bytes of mail become text, whatever their label says; the result can always be stored."""

# ruff: noqa: RUF001  (letters of other scripts are the subject matter)

import codecs
import re

# Labels as mail writes them, read as the superset that senders in fact use (WHATWG Encoding Standard).
_SUPERSETS = {
    "us-ascii": "ascii",
    "ansi_x3.4-1968": "ascii",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "cp-1252": "cp1252",
    "ansi": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "windows-874": "cp874",
    "tis-620": "cp874",
    "iso-8859-8-i": "iso8859_8",
    "iso-8859-8-e": "iso8859_8",
    "iso-8859-6-i": "iso8859_6",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "sjis": "cp932",
    "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-2022-jp-ms": "iso2022_jp_ext",
    "_iso-2022-jp$esc": "iso2022_jp_ext",
    "unicode-1-1-utf-7": "utf_7",
    "utf8": "utf_8",
    "utf-8": "utf_8_sig",
    "utf8mb4": "utf_8",
    "unicode": "utf_16",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "koi8-ru": "koi8_u",
}
_WESTERN = {"cp1252", "iso8859_15", "ascii"}
_NOT_FOR_TEXT = {
    "base64",
    "hex",
    "quopri",
    "uu",
    "bz2",
    "zlib",
    "rot13",
    "idna",
    "punycode",
    "unicode_escape",
}
_LABEL = re.compile(r"[A-Za-z0-9_.:$+-]{1,40}")
# In Windows-1250 these are letters of Czech, Slovak, Slovenian and Polish; in Windows-1252 rare or
# nothing.
_CENTRAL_EUROPEAN = re.compile(rb"[A-Za-z][\x8a\x8d-\x8f\x9a\x9d-\x9f\xbe]|[\x8a\x8e\x9a\x9e][a-z]")
# Guessed by the strict form of a charset, read by its superset; what would be seen in text that is
# really so.
_GUESSES = (
    ("cp932", "cp932", re.compile("[\u3040-\u30ff]+"), 2),
    ("euc_jp", "euc_jp", re.compile("[\u3040-\u30ff]+"), 2),
    ("euc_kr", "cp949", re.compile("[\uac00-\ud7a3]+"), 2),
    ("gb2312", "gb18030", re.compile("[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef]{2,}"), 2),
    ("cp1251", "cp1251", re.compile("(?<![A-Za-z])[А-ЯЁа-яё][а-яё]+(?![A-Za-z])"), 1),
    ("koi8_r", "koi8_r", re.compile("(?<![A-Za-z])[А-ЯЁа-яё][а-яё]+(?![A-Za-z])"), 1),
    ("cp866", "cp866", re.compile("(?<![A-Za-z])[А-ЯЁа-яё][а-яё]+(?![A-Za-z])"), 1),
)
_WINDOWS_1252 = {
    byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0xA0)
}
_SAMPLE = 20_000
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def decode(raw: bytes, declared: str = "") -> tuple[str, bool]:
    """The text of `raw` and whether its label was good.

    Order: the declared charset, UTF-8, then a guess by the letters that come out. Never raises.
    The text holds neither NUL nor lone surrogates, so any database can store it.
    """
    codec = known(declared)
    text = _strictly(raw, codec) if codec else None
    if text is not None and codec in _WESTERN and not raw.isascii():
        text = _strictly(raw, "utf_8") or text  # every high byte forming UTF-8 is no accident
    if text is not None:
        return storable(text), True
    text = _nearly(raw, codec) if codec and codec not in _WESTERN else None
    return storable(guess(raw) if text is None else text), not declared and raw.isascii()


def known(label: str) -> str:
    """Python's name of the codec that a charset label means, or "" for an unknown or unusable label."""
    label = label.strip().strip("\"'").partition("*")[0].strip().lower()
    if not _LABEL.fullmatch(label):
        return ""
    try:
        name = codecs.lookup(_SUPERSETS.get(label, label)).name.replace("-", "_")
    except (LookupError, ValueError):
        return ""
    return "" if name in _NOT_FOR_TEXT else name


def guess(raw: bytes) -> str:
    """Text of bytes that carry no usable label; never raises."""
    for codec in _candidates(raw):
        text = _strictly(raw, codec)
        if text is not None:
            return text
    text = _nearly(raw, "utf_8")
    return text if text is not None else _by_letters(raw)


def storable(text: str) -> str:
    """The same text; NUL is dropped and lone surrogates become the replacement character."""
    return _UNSTORABLE.sub(lambda hit: "" if hit.group() == "\x00" else "\ufffd", text)


def _candidates(raw: bytes) -> list[str]:
    escapes = ["iso2022_jp_ext", "iso2022_kr"] if b"\x1b$" in raw or b"\x1b(" in raw else []
    wide = ["utf_16"] if raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else []
    return [*escapes, "utf_8_sig", *wide]


def _strictly(raw: bytes, codec: str) -> str | None:
    try:
        return str(raw, codec)
    except (UnicodeError, ValueError, LookupError):
        return None


def _nearly(raw: bytes, codec: str) -> str | None:
    """The text, if only a few places are broken, as a cut in the middle of a character makes."""
    try:
        text = raw.decode(codec, "replace")
    except (UnicodeError, ValueError, LookupError):
        return None
    broken = text.count("\ufffd")
    whole = sum(1 for letter in text if letter > "\x7f") - broken
    return text if broken * 4 <= whole else None


def _by_letters(raw: bytes) -> str:
    sample = raw[:_SAMPLE]
    foreign = max(1, sum(byte > 0x7F for byte in sample))
    best, best_score = "cp1250" if _CENTRAL_EUROPEAN.search(raw) else "cp1252", 0.5
    for strict, codec, words, width in _GUESSES:
        text = _strictly(sample, strict) or _strictly(sample[:-1], strict) or ""
        score = sum(len(word) for word in words.findall(text)) * width / foreign
        if score > best_score:
            best, best_score = codec, score
    if best == "cp1252":
        return raw.decode("latin-1").translate(_WINDOWS_1252)
    return raw.decode(best, "replace")
