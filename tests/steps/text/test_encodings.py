"""Encodings of text files."""

import codecs
import math
import struct

import pytest

from steps.text.encodings import decode, seen
from steps.text.unreadable import Unreadable

TURKISH = "İnsanlar için bu ağaç ve şu ışık çok değerli; “güzel” bir gün daha… Ilık Iğdır’da.\n"
FRENCH = "Considérant que la reconnaissance de la dignité est le fondement de l'été à Noël. ÿ ð þ\n"


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1254"])
def test_turkish_survives(name):
    """ğ ş ı İ come out of every encoding that Turkish files have."""
    assert decode(TURKISH.encode(name))[0] == TURKISH


def test_latin1_is_not_taken_for_turkish():
    """ð and þ stay what they are in a French text."""
    assert decode(FRENCH.encode("latin-1")) == (FRENCH, "latin-1")


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("<3000h", *(round(120 * math.sin(at / 9)) for at in range(3000))),
        struct.pack("<3000i", *range(3000)),
        b"SQLite format 3\0\x10\0\x01\x01\0@ \0\0\0\x02\0\0\0\x02" + bytes(4000) + b"CREATE TABLE t(a)" + bytes(159),
        b"\xde\x12\x04\x95\0\0\0\0" + struct.pack("<200I", *(at * 37 for at in range(200))) + b"Ayarlar\0Kapat\0",
    ],
    ids=["sound", "numbers", "SQLite", "messages"],
)
def test_zeros_at_every_second_or_fourth_place_make_no_text_of_a_binary(data):
    """Its signs would be controls, and such as do not exist."""
    with pytest.raises(Unreadable, match="binary content, not text"):
        decode(data + bytes(-len(data) % 4))


@pytest.mark.parametrize(("byte", "reason"), [(0, "nothing but zeros"), (0xFF, "nothing but the byte FF")])
def test_one_byte_over_and_over_is_no_text(byte, reason):
    with pytest.raises(Unreadable, match=reason):
        decode(bytes([byte]) * 5000)


def test_a_byte_order_mark_wins():
    """The mark is taken off, and believed."""
    assert decode(codecs.BOM_UTF16_BE + "şık".encode("utf-16-be")) == ("şık", "utf-16-be")


@pytest.mark.parametrize("data", [b"\x7fELF\x02\x01\x01\0\0\0\0" * 9, bytes(range(1, 32)) * 9 + b"\xff\xfd"])
def test_binary_content_is_no_text(data):
    """A program named .txt is refused with the reason."""
    with pytest.raises(Unreadable, match="binary content"):
        decode(data)


def test_a_mark_that_lies():
    """A UTF-8 mark before bytes that are no UTF-8 is refused by name and place."""
    with pytest.raises(Unreadable, match="mark of utf-8, but is no utf-8 at byte 1"):
        decode(codecs.BOM_UTF8 + b"a\xff")


def test_a_file_with_a_mark_that_is_cut_inside_of_a_letter():
    """It is read to there, as one without a mark is; so is one of which few bytes are wrong."""
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        text, name = decode("Güneş doğdu, kuşlar öttü".encode(encoding)[:-1])
        assert (text, name.endswith(" with errors")) == ("Güneş doğdu, kuşlar ött\ufffd", True)
    assert decode(codecs.BOM_UTF8 + "Güneş doğdu, öttü.".encode() + b"\xff.")[0] == "Güneş doğdu, öttü.\ufffd."


TURKISH_TALE = "Dün akşam şehrin ışıkları çok güzeldi; çocuklar ırmağın kıyısında oynuyordu. İğne, ığdır, ağaç.\n"
OTHERS = {
    "cp1251": "Москва является столицей России. Река протекает через центр города, и дети играли на берегу.\n" * 3,
    "koi8-r": "Москва является столицей России. Река протекает через центр города, и дети играли на берегу.\n" * 3,
    "cp1250": "W Krakowie świeciło słońce, a dzieci bawiły się nad rzeką. Późnym wieczorem wszyscy wrócili do domu.\n" * 3,
    "cp1253": "Η Αθήνα είναι η πρωτεύουσα της Ελλάδας και η μεγαλύτερη πόλη της χώρας. Τα παιδιά έπαιζαν δίπλα στο ποτάμι.\n" * 3,
    "shift_jis": "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。\n" * 3,
    "gb18030": "北京是中华人民共和国的首都，是全国的政治中心。孩子们在河边玩耍。\n" * 3,
    "iso8859-9": TURKISH_TALE,
    "cp1254": TURKISH_TALE,
    "utf-32-le": TURKISH_TALE,
    "utf-32-be": TURKISH_TALE,
    "cp1252": "L’été dernier, nous avons mangé des crêpes à la plage ; le garçon était très gentil.\n",
    "iso8859-2": "Zażółć gęślą jaźń. W ogrodzie rosło drzewo ze złotymi jabłkami, a król kazał synom pilnować go aż do świtu.\n",
    "iso8859-15": "Le cœur de l'œuvre coûte 12 € et la sœur n'a pas été là.\n",
    "cp850": "Die Schiffe fuhren täglich über den Fluß; die Größe der Flotte änderte sich später.\n",
    "cp857": TURKISH_TALE,
    "mac_turkish": TURKISH_TALE,
    "mac_roman": "L'été, le garçon était très gentil et le chat dormait près de la fenêtre.\n",
    "iso2022_jp": "吾輩は猫である。名前はまだ無い。\n",
    "latin-1": "El niño comió una manzana en la mañana. ¿Dónde está mi corazón? Größe, Fluß, Äpfel.\n",
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_tables_are_told_apart(name):
    """Cyrillic, Central European, Greek, East Asian, western, and Turkish without one of its most common words."""
    assert decode(OTHERS[name].encode(name))[0] == OTHERS[name]


@pytest.mark.parametrize("text", ["Işık", "Kısa: ş", "ağ", "İyi"])
def test_a_turkish_word_alone_is_turkish(text):
    """A file of one word, in Windows-1254."""
    assert decode(text.encode("cp1254")) == (text, "cp1254")


MACINTOSH = {
    "mac_roman": [
        FRENCH.replace("ÿ ð þ", "ÿ"),
        "L’été dernier, nous avons mangé des crêpes à la plage ; le garçon était « très gentil ».\n",
        "El niño comió una manzana en la mañana. ¿Dónde está mi corazón?\n",
        "Größe, Fluß, Äpfel und Öl: für die Bäume müßte man schönere Wörter hören.\n",
        "“It’s late,” she said—and didn’t wait… The café was closed.\n",
        "A criança não viu o avião; a mãe, também não. São três irmãos à mesa.\n",
    ],
    "mac_turkish": [TURKISH, TURKISH_TALE, "Işık ağaca vurdu; kuş ötüyordu.\n"],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in MACINTOSH.items() for text in texts])
def test_tables_of_old_macintoshes_are_told_apart(name, text):
    """By letters where Windows has marks, and marks where it has capitals; the same text in the tables of Windows stays what it is."""
    assert decode(text.encode(name)) == (text, name)
    for other in ("cp1252", "latin-1") if name == "mac_roman" else ("cp1254",):
        try:
            data = text.encode(other)
        except UnicodeEncodeError:
            continue
        assert decode(data)[0] == text


def test_few_signs_are_no_proof_of_a_macintosh():
    """One byte that would make sense there is not enough to leave the table that most files are in."""
    assert decode(b"caf\x8e")[1] != "mac_roman"


def test_icelandic_is_not_turkish():
    """þ and ð beside á, é and ó."""
    text = "Það var einu sinni maður sem átti þrjá sonu; þeir fóru út í skóg og týndu sér í þokunni. Ó, hvað er þetta?\n"
    assert decode(text.encode("cp1252"))[0] == text


def test_one_wrong_byte_does_not_spoil_a_utf8_file():
    """It becomes U+FFFD, and every other letter stays."""
    data = (TURKISH * 3).encode()
    assert decode(data + b"\xff" + data) == (TURKISH * 3 + "\ufffd" + TURKISH * 3, "utf-8 with errors")


def test_czech_is_not_taken_for_turkish():
    """Its ý is the byte of the Turkish ı."""
    text = "Příliš žluťoučký kůň úpěl ďábelské ódy. Každou noc zmizelo jedno zlaté jablko.\n"
    assert decode(text.encode("cp1250")) == (text, "cp1250")


def test_one_zero_byte_makes_no_binary_file():
    text = "moss on walls " * 99
    assert decode((text + "\0" + text).encode()) == (text + text, "utf-8")


def test_what_nobody_sees_is_left_out():
    """Soft hyphens, stray marks of byte order, places to break; those that part the words of Thai stay, and joiners of emoji."""
    assert seen("Do\xadnau \ufeffzero\u200bwidth, ไป\u200bบ้าน, 👩\u200d🌾") == "Donau zerowidth, ไป\u200bบ้าน, 👩\u200d🌾"


FREQUENT = {
    "cp932": "春になると、川辺の柳が緑になりました。老人は毎朝橋の上に座り、行き交う船を眺めていました。",
    "cp949": "봄이 오자 강가의 버드나무가 푸르러졌다. 노인은 매일 아침 다리 위에 앉아 배를 바라보았다.",
    "koi8-r": "E688: Целей больше, чем элементов в списке",
    "cp1253": "Ο κοινός πόρος εκτύπωσης δεν είναι εδώ",
    "cp1255": "להציג את המיקום של קבצי התמיכה אשר לא תלויים במכונה",
    "cp1256": "كان الرجل العجوز يجلس كل صباح على شاطئ البحر وينظر إلى القوارب البعيدة.",
    "tis-620": "ชายชราคนหนึ่งนั่งอยู่ริมแม่น้ำทุกเช้า",
}


@pytest.mark.parametrize("name", FREQUENT)
def test_a_sentence_is_told_by_the_commonest_letters_of_its_language(name):
    assert decode(FREQUENT[name].encode(name))[0] == FREQUENT[name]


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("language", ["cp932", "cp949", "koi8-r", "cp1253", "cp1255", "cp1256", "tis-620"])
def test_utf16_of_every_script_needs_no_mark(language, name):
    """Few of its bytes are zero where no letter is Latin."""
    text = f"{FREQUENT[language]}\n"
    assert decode(text.encode(name)) == (text, name)


@pytest.mark.parametrize("text", ["Åsa", "¿Qué?", "Þór", "São", "Ærø", "café", "Reykjavík við ströndina og það"])
def test_a_western_word_alone_is_western(text):
    """No library is asked about a handful of letters: it takes them for Chinese or for a mainframe's."""
    assert decode(text.encode("latin-1"))[0] == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cp1252", "Donne la priorité à l’ordre du serveur. Empêche l’utilisateur d’aller au-delà de l’échec ; l’été, « $ »."),
        ("iso8859-2", "Brak wystarczającej ilości miejsca w\xa0miejscu docelowym, w\xa0nagłówku użyto złej wersji"),
        ("cp1257", "Nevarēja atrast termināli, kas ir nepieciešams lietotnei. Paātrinājuma koeficients, kad jūs turat nospiestu"),
        (
            "cp1250",
            "A jelenleg kiválasztott fájl neve: a rendszer támogatja a színsémákat, és így őrzi a területét és értékét a többi között",
        ),
        ("latin-1", "Das Café, één keer, coöperatie, geïnd"),
    ],
)
def test_the_alphabet_of_a_language_holds_for_all_of_a_text(name, text):
    """Quotes and blanks inside of words are no letters, a capital stands in front, and Latvian is not Turkish."""
    assert decode(text.encode(name))[0] == text


@pytest.mark.parametrize(
    "text",
    [
        "Item;Price\nPen;5 €\nPaper;12 €\nInk;20 €\n",
        "Item\tPrice\nPen\t€ 5\nInk\t€ 20\n",
        "Größe: 25 m² Fläche, Preis 300 €",
        "Größe: 5 m²",
        "£5 £10 £20",
        "20 € – 30 €",
        "5 µm – 10 µm",
        "naïve “café” – €3",
        "“Oh!—”",
        "“cakes.”",
        "ß",
        "Ölçü: 5 m² alan",
    ],
)
def test_where_little_speaks_a_text_is_of_windows(text):
    """Signs that stand where such signs stand, in a handful of words or none."""
    assert decode(text.encode("cp1252"))[0] == text


def test_zeros_behind_a_text_are_no_encoding():
    """As a disk leaves them behind what was written; a program has other signs."""
    for name in ("utf-8", "cp1254"):
        assert decode(TURKISH_TALE.encode(name) + bytes(4096)) == (TURKISH_TALE, name)
    with pytest.raises(Unreadable, match="binary content"):
        decode(b"\x7fELF\x02\x01\x01 a program" + bytes(4096))


@pytest.mark.parametrize("table", ["cp1254", "cp1252"])
def test_a_file_of_two_encodings_is_read_line_by_line(table):
    """Lines of UTF-8 as that, the others in the table that they are in; neither is garbled by the other."""
    text = TURKISH if table == "cp1254" else "L'été dernier, les élèves ont passé leurs vacances près d'un château très ancien.\n"
    for data in (text.encode() * 9 + text.encode(table) * 9, text.encode(table) + text.encode() + text.encode(table) * 3):
        read, name = decode(data)
        assert read == text * (len(data.splitlines()))
        assert name in (f"utf-8 and {table}", "utf-8 and latin-1")


def test_a_table_of_two_short_rows_in_two_encodings():
    """Two letters in words of Latin letters are as sure as four others; those of one line are no Chinese."""
    assert decode("id,text\n1,çok ğ\n".encode() + "2,çok ğş\n".encode("cp1254")) == ("id,text\n1,çok ğ\n2,çok ğş\n", "utf-8 and cp1254")


@pytest.mark.parametrize(("table", "text"), [("cp949", "한국어"), ("big5", "A捕"), ("big5", "此A"), ("cp932", "USB中文")])
def test_letters_of_two_bytes_beside_latin_ones_are_no_signs(table, text):
    assert decode(text.encode(table))[0] != text.encode(table).decode("cp1252", "replace")


def test_chance_lines_of_utf8_make_no_file_of_two_encodings():
    """Two signs of GBK are valid UTF-8 now and then."""
    text = "今天天气很好，我们去公园散步。\n"
    data = text.encode("gbk") * 20 + "联通\n".encode("gbk")
    assert decode(data)[1].startswith("gb")


def test_wrong_bytes_of_utf8_are_no_lines_of_another_table():
    """A page of UTF-8 with damaged letters, on lines of their own and in others."""
    data = TURKISH.encode() * 9 + b"\xff\xff\xff\n" + b"\xff\xfe\x80" + TURKISH.encode()
    assert decode(data) == (TURKISH * 9 + "\ufffd\ufffd\ufffd\n" + "\ufffd\ufffd\ufffd" + TURKISH, "utf-8 with errors")


def test_the_sign_for_a_lost_letter_is_no_other_table():
    """Lines of UTF-8 that hold U+FFFD stay as they are, beside one that is damaged."""
    data = ("\ufffd\ufffd\ufffd\n" + TURKISH).encode() * 5 + b"\xff" + TURKISH.encode()
    assert decode(data) == (("\ufffd\ufffd\ufffd\n" + TURKISH) * 5 + "\ufffd" + TURKISH, "utf-8 with errors")
