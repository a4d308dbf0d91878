"""Encodings of text files."""

import codecs

import pytest

from steps.text.encodings import decode
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
