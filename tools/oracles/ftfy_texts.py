"""Repairs of ftfy, as goldens for the step fix-text of @flag/data.

    python3 tools/oracles/ftfy_texts.py packages/flagdata/goldens/ftfy.json.gz

Needs ftfy 6.3. Cases are made: real phrases in 20 languages are encoded as UTF-8 and decoded by ten encodings, once or
twice, whole or in the middle of a sound sentence, with no-break spaces turned into spaces and with bytes lost; beside
them sound text that looks odd, and every other repair (entities, ligatures, widths, quotation marks, controls). Each case
is repaired with ftfy's defaults and with those of datatrove's FTFYFormatter.
"""

import gzip
import json
import sys
from importlib.metadata import version

import ftfy
from ftfy import TextFixerConfig

PHRASES = {
    "fr": "L’été, la forêt brûle déjà – « c’est ça » !",
    "fr-short": "voilà le café",
    "de": "Schöne Grüße aus Köln, äußerst höflich",
    "es": "¿Qué pasó mañana? El niño está aquí.",
    "pt": "Não há solução à vista; às vezes é assim.",
    "pl": "Zażółć gęślą jaźń, Łódź śpi",
    "cs": "Příliš žluťoučký kůň úpěl ďábelské ódy",
    "hu": "Árvíztűrő tükörfúrógép",
    "tr": "Pijamalı hasta yağız şoföre çabucak güvendi",
    "ro": "Țară și oameni în București",
    "lv": "Glāžšķūņa rūķīši",
    "ru": "Съешь ещё этих мягких французских булок",
    "ru-short": "история",
    "uk": "Їхній ґанок, єдиний у місті",
    "el": "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία",
    "ar": "نص حكيم له سر قاطع",
    "he": "דג סקרן שט בים",
    "hi": "ऋषियों को सताने वाले",
    "zh": "我能吞下玻璃而不伤身体。",
    "ja": "いろはにほへと ちりぬるを",
    "ko": "키스의 고유조건은",
    "vi": "Tôi có thể ăn thủy tinh",
    "emoji": "Great job 😀👍 thanks ❤️",
    "quotes": "“Hello,” she said — it’s fine…",
    "symbols": "10 € ≈ 8 £, 20 °C ± 2 µm, ½ ™ ©",
    "single-e": "é",
    "single-name": "José",
    "degree": "20 °C",
    "nbsp": "10 000 km à pied",
}
ENCODINGS = {
    "latin-1": "latin-1",
    "windows-1252": "sloppy-windows-1252",
    "windows-1251": "sloppy-windows-1251",
    "windows-1250": "sloppy-windows-1250",
    "windows-1253": "sloppy-windows-1253",
    "windows-1254": "sloppy-windows-1254",
    "windows-1257": "sloppy-windows-1257",
    "iso-8859-2": "iso-8859-2",
    "macroman": "macroman",
    "cp437": "cp437",
}
SOUND = [
    "Ångström, 3 Å² and 5 Å",
    "«Café», l’École… À Paris",
    "CAFÉ™ and NESCAFÉ®",
    "È più caro – É VERDADE!",
    "“É”, disse ela",
    "GRÖSSE – MASSE ± 2",
    "Straße“ und „Gruß”",
    "ÖVP–FPÖ",
    "Рёбра и Рёв, Её – «Я»",
    "РОССИЯ… «ЦСКА»",
    "Řeřicha a Šípek, PŘÍŠERNĚ ŽLUŤOUČKÝ",
    "Łąka, Źdźbło, ŁÓDŹ",
    "İstanbul, Şişli, ĞÜŞİÖÇ",
    "Āboliņš, ĶĒNIŅŠ",
    "ΑΘΗΝΑ – «Ελλάδα»",
    "Ελλάδα’ς Ώρα",
    "¿Dónde? ¡Aquí! 5º piso, 3ª vez",
    "x² + y² = r², ½ × ¾ ÷ 2 ± 1",
    "£5 €10 ¥100 ¢50",
    "§ 5 Abs. 2 ¶ 3",
    "© 2020 Müller® ™",
    "ÆØÅ æøå ÐÞ ðþ",
    "(╯°□°)╯︵ ┻━┻",
    "ಠ_ಠ ʕ•ᴥ•ʔ ¯\\_(ツ)_/¯",
    "ÒÓÔ òóô Ùùú",
    "Ñandú, Ñoño",
    "œuvre, Œdipe, cœur",
    "“Ça va ?” – « Où ? »",
    "naïve façade, coöperate, Zoë’s",
    "Ünïcödé ßtrïng",
    "ƒ(x) = ∂f/∂x ≤ ∞",
    "中文，繁體，日本語。한국어",
    "الله أكبر",
    "Ã",
    "Â",
    "Ä°",
    "É»",
    "À ",
    "Ç”",
    "Ö…",
    "ЗАО «Вега»",
    "Ёлка–палка",
    "Q&A, AT&T, a&b;",
    "1 < 2 &amp; 3 > 2",
]
OTHER = [
    "&lt;tag&gt; &amp; &quot;x&quot; &#39;y&#39; &#x201c;z&#x201d;",
    "P&EACUTE;REZ &NTILDE; &ntilde; &nTILDE; &hellip; &nbsp;&copy;",
    "&amp;lt; &amp;amp;eacute;",
    "&notit; &not; &unknown; &#0; &#55555; &#x110000; &#150; &#133;",
    "&Jscr;ohn &HilbertSpace;ancock &checkmark;",
    "line\n<b>bold</b> &amp;\n&eacute;",
    "&sup3; &SUP3; &ATILDE;&SUP3;",
    "ﬂuﬃeﬆ ĳ Ĳ ŉ ǆ",
    "ＬＯＵＤ　ＮＯＩＳＥＳ ｶﾞ ﾊﾟ ￥１００",
    "‘single’ “double” ‚low‛ „low‟ ʼn",
    "a\r\nb\rc\u2028d\u2029e\x85f",
    "\x1b[36;44mI'm blue\x1b[0m ok \x1b[K",
    "\x00a\x01\x08b\x0bc\x0cd\x0ee\x1ff\x7fg\u206ah\ufefffi\ufff9j\ufffck",
    "\ufeffBOM first",
    "soft\xadhyphen zero\u200bwidth joiner\u200d rtl\u200f",
    "\x80 \x93quoted\x94 \x85 \x99",
    "e\u0301 n\u0303 u\u0308 \u1e9b\u0323",
    "Å Ω K",
    "tab\there",
]


def broken():
    for name, phrase in PHRASES.items():
        raw = phrase.encode()
        for encoding, codec in ENCODINGS.items():
            try:
                text = raw.decode(codec)
            except UnicodeDecodeError:
                continue
            yield f"{name}, {encoding}", text
            if encoding in ("latin-1", "windows-1252", "windows-1251"):
                yield f"{name}, {encoding}, inside", f"She wrote: {text} – and 中文 too"
    for name in ("fr", "de", "ru-short", "quotes", "emoji", "single-name", "zh"):
        once = PHRASES[name].encode().decode("sloppy-windows-1252")
        yield f"{name}, windows-1252 twice", once.encode().decode("sloppy-windows-1252")
        yield f"{name}, windows-1252 then latin-1", once.encode().decode("latin-1")
        yield f"{name}, spaces", once.replace("\xa0", " ")
        yield f"{name}, lost", PHRASES[name].encode().decode("windows-1252", errors="replace")
        yield f"{name}, question marks", once.encode("windows-1252", errors="replace").decode("windows-1252")
    surrogates = "😀".encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    for char in (surrogates, "👍"):
        code = ord(char) - 0x10000
        pair = chr(0xD800 + (code >> 10)) + chr(0xDC00 + (code & 0x3FF))
        yield "cesu-8", f"ok {pair.encode('utf-8', 'surrogatepass').decode('latin-1')} there"
    yield "java nul", "a\xc0\x80b é".encode("latin-1", "ignore").decode("latin-1")


def main(output):
    datatrove = TextFixerConfig(
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        fix_line_breaks=False,
        normalization=None,
        explain=False,
    )
    cases, seen = [], set()
    for kind, items in (("broken", broken()), ("sound", ((t, t) for t in SOUND)), ("other", ((t, t) for t in OTHER))):
        for name, text in items:
            if text in seen:
                continue
            seen.add(text)
            cases.append(
                {
                    "kind": kind,
                    "name": name if kind == "broken" else "",
                    "text": text,
                    "fixed": ftfy.fix_text(text),
                    "datatrove": ftfy.fix_text(text, datatrove),
                }
            )
    golden = {"made": "tools/oracles/ftfy_texts.py", "ftfy": version("ftfy"), "phrases": PHRASES, "cases": cases}
    with gzip.GzipFile(output, "wb", mtime=0) as file:
        file.write(json.dumps(golden, ensure_ascii=False).encode())
    print(len(cases))


main(*sys.argv[1:])
