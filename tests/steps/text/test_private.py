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


def test_only_the_chosen_kinds():
    """Each is a choice."""
    assert masked("a@b.com 192.168.1.1", "ip") == ("a@b.com <IP>", {"ip": 1})


@pytest.mark.parametrize("text", ["a" * 10**6, "1" * 10**6, "1 " * 500_000, "a." * 500_000 + "@", "+1" * 500_000, ":" * 10**6])
def test_long_runs_end(text):
    """A megabyte without anything to mask: no pattern looks at it again from each of its characters, which would take minutes."""
    assert masked(text) == (text, {})
