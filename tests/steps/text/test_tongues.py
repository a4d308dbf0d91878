"""Short texts in the tables of Windows, ISO, DOS and Macintosh: told by the language that their words without marks are in."""

import pytest

from steps.text import tongues
from steps.text.encodings import decode
from steps.text.tongues import by_language

WESTERN = ("cp1252", "iso8859-15", "cp850", "cp437", "mac_roman")
CENTRAL = ("cp1250", "iso8859-2", "cp852", "mac_latin2")
TURKISH = ("cp1254", "iso8859-9", "cp857", "mac_turkish")
CYRILLIC = ("cp1251", "koi8-r", "cp866", "iso8859-5", "mac_cyrillic")
GREEK = ("cp1253", "iso8859-7", "cp737", "cp869", "mac_greek")
SHORT = {
    "Der Zug fährt heute erst um zehn Uhr ab.": WESTERN,
    "Das Geschäft bleibt über die Feiertage geschlossen, danach öffnet es früher.": WESTERN,
    "La réunion est reportée à mardi prochain, merci de prévenir les autres.": WESTERN,
    "Nous avons bien reçu votre lettre.": WESTERN,
    "Si estás en casa mañana, te llamo después de comer.": WESTERN,
    "Domani il negozio è chiuso perché siamo in ferie.": WESTERN,
    "Bussen går från torget klockan fem varje dag.": WESTERN,
    "De vergadering is verplaatst naar één uur en duurt niet lang.": WESTERN,
    "A reunião não começa antes das nove horas.": ("cp1252", "iso8859-15", "cp850", "mac_roman"),
    "The café on the corner was closed, so we went home.": WESTERN,
    "Zażółcone liście leżą już na trawniku, a wieczory są chłodne.": CENTRAL,
    "Proszę o przesłanie dokumentów do końca tygodnia.": CENTRAL,
    "Děti si hrály u řeky až do večera a domů přišly pozdě.": CENTRAL,
    "Deti sa hrali pri rieke až do večera a domov prišli neskoro.": CENTRAL,
    "A gyerekek estig játszottak a folyó partján, és későn értek haza.": CENTRAL,
    "Djeca su se igrala uz rijeku do večeri i kasno su došla kući.": CENTRAL[:3],
    "Copiii s-au jucat până seara lângă râu şi au ajuns târziu acasă.": CENTRAL[:3],
    "Vaikai iki vakaro žaidė prie upės ir vėlai grįžo namo.": ("cp1257", "iso8859-13", "cp775"),
    "Börnin léku sér við ána fram á kvöld og komu seint heim.": ("cp1252", "cp850"),
    "Toplantı yarın sabah başlıyor, lütfen geç kalmayın.": TURKISH,
    "Dükkân bugün kapalı.": TURKISH,
    "Завтра магазин закрыт, приходите в среду.": CYRILLIC,
    "Утром дети играли на берегу — и никто их не искал.": ("cp1251", "mac_cyrillic"),
    "Завтра крамниця зачинена, приходьте в середу, бо її власник у від'їзді.": ("cp1251", "koi8-u", "cp1125", "mac_cyrillic"),
    "Утре магазинът е затворен, „елате“ в сряда.": ("cp1251", "mac_cyrillic"),
    "Αύριο το κατάστημα είναι κλειστό, ελάτε την Τετάρτη.": GREEK,
}


@pytest.mark.parametrize(("text", "table"), [(text, table) for text, tables in SHORT.items() for table in tables])
def test_a_short_text_is_read_in_every_table_of_its_language(text, table):
    assert decode(text.encode(table))[0] == text


def test_a_quote_inside_of_a_word_is_a_letter_of_another_table():
    """In front of a word it is a quote."""
    assert by_language("Der Zug fährt heute erst um zehn Uhr ab.".encode("cp850")) == "cp850"
    assert by_language("Der Zug fährt „heute“ erst um zehn Uhr ab.".encode("cp1252")) == "cp1252"


def test_quotes_of_windows_are_quotes():
    text = "“It’s late,” she said — and didn’t wait… Nobody came."
    assert decode(text.encode("cp1252")) == (text, "cp1252")


@pytest.mark.parametrize(
    "text",
    [
        "He said “no”. She didn’t care—not at all. “Yes!” it’s fine.",
        "He was paid to wait for them until the evening–or so he said—and left.",
        "It was the last time that we saw him in town … nobody knows why",
        "The shop will send your brand new phone™ for a price of 20 ™ €",
    ],
)
def test_a_dash_or_dots_between_words_are_no_letter_of_another_table(text):
    """Nor is a mark that stands alone. The bytes of each are letters on old Macintoshes, and in DOS."""
    assert decode(text.encode("cp1252")) == (text, "cp1252")


def test_turkish_with_dashes_between_words_is_turkish_of_windows():
    text = "“Tamam” dedi. Ali’nin evi—burada."
    assert decode(text.encode("cp1254")) == (text, "cp1254")


@pytest.mark.parametrize("text", ["No hay ninguna razón.", "La historia económica y política de la región es larga."])
def test_an_accent_inside_of_a_word_is_no_dash(text):
    """One letter alone behind it is no word."""
    assert decode(text.encode("mac_roman")) == (text, "mac_roman")


@pytest.mark.parametrize("table", ["cp1252", "mac_roman"])
def test_a_quote_whose_other_half_is_elsewhere_is_one(table):
    """No letter stands alone behind the end of a sentence, and no capital before a word that begins with another."""
    ends, begins = "and then they all went home.”\n\nHe drew out a lens", "all of them went home, “You know"
    assert decode(ends.encode("cp1252"))[0] == ends
    assert decode(begins.encode(table))[0] == begins


@pytest.mark.parametrize("data", [b"caf\x8e", b"\xe9\xe8\xe0", b"plain words of ASCII alone", b""])
def test_too_few_words_say_no_language(data):
    assert by_language(data) == ""


def test_without_the_library_nothing_is_told(monkeypatch):
    """What follows then decides by letters alone."""
    monkeypatch.setattr(tongues, "_judge", lambda: None)
    text = "Toplantı yarın sabah başlıyor, lütfen geç kalmayın."
    assert by_language(text.encode("cp1254")) == ""
    assert decode(text.encode("cp1254")) == (text, "cp1254")


def test_binary_bytes_are_no_words():
    """Bytes that make sense in no table of the language that the words are in."""
    assert by_language(b"this is a text of words and then \x81\x8d\x8f\x90\x9d" + bytes(range(0x80, 0xFF)) * 4) == ""
