"""CLIP's vocabulary for packages/flagai/models/clip-bpe, and golden ids for packages/flagai/src/tokenizers.

Writes packages/flagai/models/clip-bpe/merges.txt.gz, the 48,894 merges that CLIP uses of the 262,144 in
bpe_simple_vocab_16e6.txt.gz of the package open_clip_torch, and packages/flagai/goldens/tokenizers/clip.json.gz:

- extra     captions, contractions, HTML, quotation marks, widths, controls and words that no list has, after the
            strings of strings.json (see sentencepiece_ids.py)
- ids       what open_clip's SimpleTokenizer makes of every string: 77 ids, without the zeros at the end
- skipped   places of strings that are not compared: ftfy takes them for text decoded in the wrong encoding, or they
            have unassigned code points that the package regex takes for letters or numbers

Made with open_clip_torch 3.3.0, ftfy 6.3.1, regex 2026.11.19; seed 11.
Run: python tools/oracles/clip_tokenizer.py
"""

import gzip
import io
import json
import os
import random
import unicodedata

import ftfy
import regex
from open_clip.tokenizer import SimpleTokenizer, default_bpe

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = os.path.join(HERE, "../../packages/flagai")
rng = random.Random(11)


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    # No time in the header: the same content is the same file.
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as out:
        out.write(content.encode("utf8"))
    with open(path, "wb") as out:
        out.write(buffer.getvalue())


lines = gzip.open(default_bpe()).read().decode("utf8").split("\n")
write(os.path.join(PACKAGE, "models/clip-bpe/merges.txt.gz"), "\n".join(lines[: 49152 - 256 - 2 + 1]) + "\n")

EXTRA = """a photo of a cat.|a diagram|a dog|A PHOTO OF THE BÜCHER|it's|IT'S|they'd've|we'll we'LL|I'm|don't|'sup|rock'n'roll|’tis
“curly” ‘quotes’ ‚low‛ „low“ ‟|ʼn ŉ|it’s|can ’t|&amp;|&amp;amp;|&amp;amp;amp;|&amp;amp;amp;amp;lt;|&lt;b&gt;bold&lt;/b&gt;|<b>&amp;amp;</b>
tom & jerry|AT&T|R&D;|&copy 2020|&notit;|&not|&EACUTE;COLE|&NTILDE; &ntilde;|&#233;|&#xe9;|&#xE9|&#233|&#0;|&#7;|&#128;|&#x9f;|&#xD800;|&#1114112;|&#x110000;
&#38;amp;|&hellip;|&nbsp;x&nbsp;|&CounterClockwiseContourIntegral;|&ampx|&lt|&LT;|&Lt;|&gt;&GT|&unknown;|&;|&&|& amp;|&#;|&#x;|&quot;x&quot;|&apos;s
<start_of_text>|<END_OF_TEXT> x|a<end_of_text>b|<|startoftext|>|<|endoftext|>|ＦＵＬＬ width １２３|ｶﾀｶﾅ|ﾊﾝｸﾞﾙ ﾡ|ﬁnd ﬂuﬀy oﬃce waﬄe ﬅ ﬆ
ǅ ǆ Ǳ ĳ Ĳssel|İstanbul|ΟΔΥΣΣΕΥΣ|ὈΔΥΣΣΕΎΣ ΑΣ|STRASSE ẞ|ſ 'ſ|K Å Ω|x² ½ ⅷ Ⅷ|①②|12345 3.14 1,000|2nd 4K 8x8|a1b2c3|नमस्ते १२३|٣٤٥|一二三
hello\u200bworld|a\u00adb|zero\ufeffwidth|\ufeffbom|line\r\nbreak\rand\u2028more\u2029end\x85|tab\tand\x0bvt\x0cff|\x00\x01\x1f\x7f|\x1b[31mred\x1b[0m|a\x9fb\x80c
emoji 😀😃 👨‍👩‍👧‍👦 🏳️‍🌈 🇫🇷 👍🏽|#hashtag @user http://example.com/a?b=c&d=e|...!!!???|--- ___ ***|:) ;-) <3|$5.00 €5 £5 ¥5 %50|(a) [b] {c} <d>|\\\\ / | ~ ` ^
e\u0301cole naïve cafe\u0301|각\u1100\u1161\u11a8|Ǆ|ﷺ|\u0958|\u2126 \u212b|ﬀ\u0301|a\u0323\u0302|\U0001d4d0\U0001d4d1|\U00020000\U0002a6d6|\ue000|\ufffd|\uffff""".replace(
    "\n", "|"
)
extra = EXTRA.split("|")
extra += ["word " * 100, "supercalifragilisticexpialidocious" * 12, "日本語" * 60, "a" * 300, "!" * 200, "é" * 100, "1" * 100]
for subject in "cat dog bicycle red-circle night_sky Zürich 東京 Москва القاهرة กรุงเทพ 서울 दिल्ली".split():
    for template in ["a photo of a {}.", "a bad photo of the {}!", "{}'s picture", "the “{}”", "art of {} & co", "a {}, 2 {}s"]:
        extra.append(template.replace("{}", subject))
ALPHABET = "abcdefgehinorstu  '’“”&;#<>.,!?0123456789éüßñçøåбвгдежαβγ日本語中文한국어กขคअआइابت😀\t\n\u00a0\u200d\ufe0f"
for _ in range(200):
    extra.append("".join(rng.choice(ALPHABET) for _ in range(rng.randint(1, 40))))

strings = json.load(gzip.open(os.path.join(PACKAGE, "goldens/tokenizers/strings.json.gz"))) + extra
tokenizer = SimpleTokenizer()
ids, skipped = [], []
for i, text in enumerate(strings):
    row = tokenizer(text)[0].tolist()
    while row and row[-1] == 0:
        row.pop()
    ids.append(row)
    repaired = ftfy.fix_text(text) != ftfy.fix_text(text, fix_encoding=False)
    if repaired or any(unicodedata.category(c) == "Cn" and regex.match(r"[\p{L}\p{N}\s]|(?![^\p{L}\p{N}\s])", c) for c in text):
        skipped.append(i)
golden = {"extra": extra, "ids": ids, "skipped": skipped, "decoded": [tokenizer.decode(row) for row in ids[:400:4]]}
write(os.path.join(PACKAGE, "goldens/tokenizers/clip.json.gz"), json.dumps(golden, separators=(",", ":")))
print(len(strings), "strings,", len(skipped), "skipped")
