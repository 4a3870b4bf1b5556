"""Writes the tables of spaCy's English tokenizer that packages/flagdata/src/text/spacyEnglish.json holds.

The rules themselves are written in englishTokenizer.ts; this collects the character classes and the list of
exceptions (contractions, abbreviations, emoticons, times), which are data. spaCy is MIT licensed.

    python tools/oracles/spacy_english.py packages/flagdata/src/text/spacyEnglish.json
"""

import json
import re
import sys

import spacy
from spacy.lang import char_classes as classes
from spacy.pipeline import Sentencizer
from spacy.symbols import ORTH

rules = spacy.blank("en").tokenizer.rules


def literal(pattern):
    """The characters that a class or an alternative of Python's regular expressions stands for."""
    pattern = re.sub(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})", lambda m: chr(int(m[1] or m[2], 16)), pattern)
    return pattern.replace("\\", "")


tables = {
    "source": f"spaCy {spacy.__version__}, spacy.blank('en'), MIT licence",
    # Contents of character classes, ranges included.
    "alpha": literal(classes.ALPHA),
    "alphaLower": literal(classes.ALPHA_LOWER),
    "alphaUpper": literal(classes.ALPHA_UPPER),
    "icons": [literal(it).strip("[]") for it in classes.LIST_ICONS],
    # Lists of alternatives, in the order in which they are tried.
    "punctuation": [literal(it) for it in classes.LIST_PUNCT],
    # spaCy's list holds an empty text, which it leaves out of its patterns; an empty alternative would match always.
    "quotes": [literal(it) for it in classes.LIST_QUOTES if it],
    "currency": [literal(it) for it in classes.LIST_CURRENCY],
    "hyphens": literal(classes.HYPHENS).split("|"),
    "units": literal(classes.UNITS).split("|"),
    "sentenceEnds": "".join(Sentencizer.default_punct_chars),
    "exceptions": {text: [piece[ORTH] for piece in pieces] for text, pieces in rules.items()},
}

with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(tables, file, ensure_ascii=False, separators=(",", ":"))
    file.write("\n")
