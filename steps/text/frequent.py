"""Tables told apart by the commonest signs: of Chinese, Japanese and Korean, of alphabets other than the Latin; UTF-16 by its script."""

import codecs
import re
from collections import Counter
from itertools import pairwise

SAMPLE = 1 << 16
LEAST = 6  # signs that are no ASCII, of which a text must have so many to be judged
COMMON = 0.3  # share of them that is common in a text of the language; chance gives one in fifty
KANA = "".join(map(chr, range(0x3041, 0x3094))) + "ーっアイウエオカキクコシスセタットテドナニノハバフプマムメヤュョラリルレロワン"
SIMPLE = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天"
    "分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什"
    "二等产或新己制身果加月话合回代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走各入几口条平系气题活"
)
TRADITIONAL = (
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作里用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天"
    "分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什"
    "二等產或新己制身果加月話合回代內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走各入幾口條平系氣題活"
)
HANGUL = (
    "이다는에을의가고를지하은기로한도서사나자아그있어리시라대인들것게수일만해정전보오스여장부제면적상무우구과생국원주동안소공관경조선물내세위모비말치방문중성화신연유용"
    "실거습니요었았했"
)
MARKS = "，。、！？「」『』（）：；"
LANGUAGES = {name: frozenset(signs + MARKS) for name, signs in (("ja", KANA), ("zh", SIMPLE), ("tw", TRADITIONAL), ("ko", HANGUL))}
TABLES = (("cp932", "ja"), ("euc_jp", "ja"), ("gb18030", "zh"), ("big5hkscs", "tw"), ("cp949", "ko"))
ALPHABETS = {  # of each language all letters, the commonest first
    "ru": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё", "uk": "оанитівреслкудмпязьбгчйхцжїюєшщфґ", "be": "аінрыеяотслкдўвцупмзьбгчшйжхюэфё",
    "bg": "аиоентрсвлкдпмъзугябчцхжщйшфюьѝ", "sr": "аоиенрстјувкдмлпзгбчшцжћхљњђфџ",
    "el": "αοιετσνηυρπκμλςωόίγάήδέθχύφβώξζψϊϋΐΰ", "he": "יוהלאמרתבשנחםדקפעצכטגסזןךץף",
    "ar": "اليمنورتبةعدسفهكقحجشصطىخإضذزثئءظغآؤأ",
    "th": "านรอกเงมยลว่้ดทสตะปบคีแชหิใไจพขัุื็์โูณผซธถศษภฐฟญฎฏฒฬฤฮฝฉฆฌฑ๊๋ำๆฯ",
}  # fmt: skip
RANKS = {name: {letter: 1 - at / len(letters) for at, letter in enumerate(letters)} for name, letters in ALPHABETS.items()}
RUSSIAN = ("ru", "uk", "be", "bg", "sr")
LETTERED = (  # tables, and the languages that are written in them
    ("cp1251", RUSSIAN), ("koi8-r", ("ru", "bg")), ("koi8-u", ("uk", "be")), ("cp866", RUSSIAN[:4]), ("cp1125", ("uk",)),
    ("iso8859-5", RUSSIAN), ("mac_cyrillic", RUSSIAN), ("cp855", ("sr", "bg")), ("cp1253", ("el",)), ("iso8859-7", ("el",)),
    ("cp737", ("el",)), ("cp869", ("el",)), ("mac_greek", ("el",)), ("cp1255", ("he",)), ("iso8859-8", ("he",)), ("cp862", ("he",)),
    ("cp1256", ("ar",)), ("iso8859-6", ("ar",)), ("cp874", ("th",)),
)  # fmt: skip
SIGN = re.compile(r"(?<=[^\W\d_\x00-\x7f])[^\w\s\x00-\x7f’ʼ·–—…\xa0\u0300-\u06ff](?=[^\W\d_\x00-\x7f])")  # inside of a word
QUOTES, MARK = "“”„«»", 0.4  # which come in pairs, and what they and other marks count
ALONE = re.compile(r"(?<=[^\W\d_] )[^\W\d_\x00-\x7f](?= )")  # a letter that would be a word inside of a sentence
USUAL = 0.5  # of letters, on average: 1 is the commonest of the language, 0 the least common
STRANGE, CAPITAL = -0.5, -0.15  # what a letter of no word of the language counts, and a capital inside of a word
WORDS = re.compile(rb"(?<![A-Za-z\x80-\xff])[\x80-\xff]{2,}(?![A-Za-z\x80-\xff])")
SCRIPTS = ((0x400, 0x530), (0x370, 0x400), (0x590, 0x600), (0x600, 0x700), (0x900, 0x980), (0xE00, 0xE80), (0x10A0, 0x1100))


def _share(text: str, language: str) -> float:
    """How much of what is no ASCII is common in a language; 0 of a text that has too little to be judged."""
    signs = [sign for sign in text if sign > "\x7f"]
    return sum(map(LANGUAGES[language].__contains__, signs)) / len(signs) if len(signs) >= LEAST else 0.0


def by_common_signs(data: bytes) -> str:
    """The table of two bytes in which the beginning of a text is common words, else nothing."""
    found = []
    for table, language in TABLES:
        try:
            text = codecs.getincrementaldecoder(table)().decode(data[:SAMPLE])
        except UnicodeDecodeError:
            continue
        found.append((_share(text, language), table))
    share, table = max(found, default=(0.0, ""))
    return table if share >= COMMON else ""


def by_common_letters(data: bytes) -> str:
    """The table of single bytes in which whole words are common letters of an alphabet other than the Latin, else nothing."""
    head = data[: SAMPLE // 2]
    high = sum(byte >= 0x80 for byte in head)
    if high < LEAST or sum(map(len, WORDS.findall(head))) < 0.8 * high:
        return ""
    best, name = 0.0, ""
    for table, languages in LETTERED:
        text = head.decode(table, "replace")
        signs = [sign for sign in text if sign > "\x7f"]
        quotes = sum(map(text.count, QUOTES))
        marks = sum(map(text.count, "–—…№\xa0")) + (quotes if quotes > 1 else 0)
        small = Counter(sign.lower()[:1] for sign in signs if sign.isalpha() or languages == ("th",))
        if not signs or small.total() + marks < 0.8 * len(signs):
            continue
        turned, inside = sum(found[0].isupper() for found in ALONE.finditer(text)), 0
        turned += len(SIGN.findall(text)) if languages != ("th",) else 0
        for a, b in pairwise(text):
            if (a > "\x7f") != (b > "\x7f"):
                turned += a.isalpha() and b.isalpha()  # of two alphabets
            elif b > "\x7f" and b.isupper():
                turned += a.islower()
                inside += a.isupper()
        for language in languages:
            ranks = RANKS[language]
            common = sum(n * ranks.get(letter, STRANGE) for letter, n in small.items())
            share = (common + MARK * marks - turned + CAPITAL * inside) / len(signs)
            if share > best:
                best, name = share, table
    return name if best >= USUAL else ""


def utf16_by_script(data: bytes) -> str:
    """utf-16-le or -be where nearly all signs are then of one alphabet, or common in an eastern language; else nothing."""
    head = data[: SAMPLE // 4]
    if len(data) % 2 or len(head) < 2 * LEAST:
        return ""
    for name in ("utf-16-le", "utf-16-be"):
        try:
            text = codecs.getincrementaldecoder(name)().decode(head)
        except UnicodeDecodeError:
            continue
        signs = [sign for sign in text if not ("\x20" <= sign <= "\x7f" or sign in "\t\r\n")]
        most = max((sum(low <= ord(sign) < high for sign in signs) for low, high in SCRIPTS), default=0)
        if len(signs) >= LEAST and (most >= 0.9 * len(signs) or max(_share(text, language) for language in LANGUAGES) >= COMMON):
            return name
    return ""
