"""What can name a person is replaced by a mark; other numbers stay."""

import pytest

from steps.text.private import Masks


def masked(text, *kinds):
    masks = Masks(kinds or ["all"])
    return masks.masked(text), dict(masks.counts)


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("ada.lovelace+x@bilim.example.com.tr", "<EMAIL>"),
        ("ayşe@örnek.com", "<EMAIL>"),
        ("TR33 0006 1005 1978 6457 8413 26", "<IBAN>"),
        ("TR330006100519786457841326", "<IBAN>"),
        ("TR 33 0006 1005 1978 6457 8413 26", "<IBAN>"),
        ("GB82 WEST 1234 5698 7654 32", "<IBAN>"),
        ("de89370400440532013000", "<IBAN>"),
        ("4111 1111 1111 1111", "<CARD>"),
        ("5555-5555-5555-4444", "<CARD>"),
        ("378282246310005", "<CARD>"),
        ("9792030394440796", "<CARD>"),
        ("10000000146", "<TR_ID>"),
        ("192.168.10.254", "<IP>"),
        ("2001:db8::ff00:42:8329", "<IP>"),
        ("+90 532 123 45 67", "<PHONE>"),
        ("+905321234567", "<PHONE>"),
        ("0532 123 45 67", "<PHONE>"),
        ("05321234567", "<PHONE>"),
        ("(0212) 555 55 55", "<PHONE>"),
        ("0 (216) 555 55 55", "<PHONE>"),
        ("+1 (555) 234-5678", "<PHONE>"),
        ("555-234-5678", "<PHONE>"),
        ("+44 20 7946 0958", "<PHONE>"),
        ("(0532)1234567", "<PHONE>"),
        ("0(532) 1234567", "<PHONE>"),
        ("0532/123 45 67", "<PHONE>"),
        ("0212/1234567", "<PHONE>"),
        ("0090 532 123 45 67", "<PHONE>"),
        ("00905321234567", "<PHONE>"),
        ("0044 20 7946 0958", "<PHONE>"),
        ("0850 222 0 444", "<PHONE>"),
        ("0850 222 04 44", "<PHONE>"),
        ("444 0 555", "<PHONE>"),
        ("020 7946 0018", "<PHONE>"),
        ("07700 900123", "<PHONE>"),
    ],
)
def test_what_is_masked(text, mask):
    """Alone, in a sentence, at its end, and in brackets; the words beside it stay."""
    kind = mask.strip("<>").lower()
    assert masked(text) == (mask, {kind: 1})
    assert masked(f"Bana {text} üzerinden yaz. Ya da {text}.")[0] == f"Bana {mask} üzerinden yaz. Ya da {mask}."
    assert masked(f"({text}) VE SONRA 12 elma")[0] == f"({mask}) VE SONRA 12 elma"


@pytest.mark.parametrize(
    "text",
    [
        "TR33 0006 1005 1978 6457 8413 27",  # a wrong check digit
        "4111 1111 1111 1112",
        "10000000147",
        "999.1.1.1 ve 1.2.3.4.5, sürüm 1.0.0.0",
        "saat 12:30:45, oran 3:2:1",
        "1881-1938 yılları, 1.234.567,89 lira, %12,5",
        "3.14159265358979, 1234567890123",
        "ISBN 978-3-16-148410-0",
        "user@localhost @kullanıcı a@b",
        "2026-11-25 20:47:50",
        "x = 12345678 + 90",
        "10.1038/s41586-020-2649-2",
        "5321234567 lira, kayıt 5321234567, 5.321.234.567 kişi",
        "(2023) 1234567, esas 2023/1234567, karar 2023/123 45 67",
        "1 444 0 555, 444 0 555 12, 444 055, 0.444 0 555",
        "00 90 53 21 23 45 67, 0044 3456 7890, 0090",
        "sürüm 10.0.0.1, TR 33 sayfa, NO 12 3456 7890 1234",
        "020-7946, 07100 Antalya, 01.02.2023 12 345 678",
    ],
)
def test_what_stays(text):
    """Wrong check digits, versions, times, years, amounts, book and document numbers."""
    assert masked(text) == (text, {})


def test_an_account_inside_of_other_words():
    """What the pattern takes along on either side is given back; two in a row are two."""
    number = "TR33 0006 1005 1978 6457 8413 26"
    assert masked(f"IBAN AB12 WORD {number} ABC", "iban")[0] == "IBAN AB12 WORD <IBAN> ABC"
    assert masked(f"{number} {number}", "iban") == ("<IBAN> <IBAN>", {"iban": 2})
    assert masked("4111 1111 1111 1111 12/27", "card")[0] == "<CARD> 12/27"


@pytest.mark.parametrize("word", ["Tel: ", "GSM ", "cep telefonu: ", "Telefon no: ", "WhatsApp ", "call me at "])
def test_a_mobile_in_one_is_told_by_the_word_before_it(word):
    """Ten digits alone may be anything; the word stays."""
    assert masked(f"{word}5321234567, sonra.") == (f"{word}<PHONE>, sonra.", {"phone": 1})


def test_only_the_chosen_kinds():
    """Each is a choice."""
    assert masked("a@b.com 192.168.1.1", "ip") == ("a@b.com <IP>", {"ip": 1})


@pytest.mark.parametrize("text", ["a" * 10**6, "1" * 10**6, "1 " * 500_000, "a." * 500_000 + "@", "+1" * 500_000, ":" * 10**6])
def test_long_runs_end(text):
    """A megabyte without anything to mask: no pattern looks at it again from each of its characters, which would take minutes."""
    assert masked(text) == (text, {})
