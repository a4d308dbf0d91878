"""Equations of Word in a line: what follows a fraction, an index or a power is no part of it; rows, braces and bars say what they hold."""

import pytest

from steps.text.docx_math import linear
from tests.steps.text.test_docx import element, run


def written(math: str) -> str:
    return linear(element(f"<m:oMath>{math}</m:oMath>"))


def made(name: str, **inside: str) -> str:
    return f"<m:{name}>{''.join(f'<m:{part}>{text}</m:{part}>' for part, text in inside.items())}</m:{name}>"


def fraction(over: str, under: str) -> str:
    return made("f", num=run(over), den=run(under))


def index(base: str, low: str) -> str:
    return made("sSub", e=run(base), sub=run(low))


def power(base: str, high: str) -> str:
    return made("sSup", e=run(base), sup=run(high))


BRACKETS = made("d", e=run("a+b"))


@pytest.mark.parametrize(
    ("math", "line"),
    [
        (index("x", "1") + run("2"), "x_1 2"),
        (index("a", "n") + run("b+c"), "a_n b+c"),
        (power("x", "k") + power("a", "n-k"), "x^k a^(n-k)"),
        (index("x", "ij") + run("y"), "x_(ij)y"),
        (index("f", "1") + BRACKETS, "f_1(a+b)"),
        (made("nary", sub=run("k"), e=power("x", "k")) + run("y"), "∫_k x^k y"),
        (made("limLow", e=run("argmax"), lim=run("x")) + run("f"), "argmax_x f"),
        (fraction("1", "2") + run("x"), "1/2 x"),
        (fraction("1", "2") + BRACKETS, "1/2 (a+b)"),
        (fraction("1", "2") + run("+x"), "1/2+x"),
        (run("3") + fraction("1", "2"), "3 1/2"),
        (made("rad", e=run("2")) + run("x"), "√2 x"),
        (run("x") + run("1"), "x1"),
        ("<m:r><m:t>1</m:t><m:t>2</m:t></m:r>" + f"<w:ins>{run('3')}</w:ins>", "123"),
        (f"<w:ins>{fraction('1', '2')}</w:ins>" + run("x"), "1/2 x"),
    ],
)
def test_what_follows_a_piece_is_no_part_of_it(math, line):
    assert written(math) == line


@pytest.mark.parametrize(
    ("math", "line"),
    [
        (fraction("a", "2b"), "a/(2b)"),
        (fraction("dy", "dx"), "dy/dx"),
        (made("rad", e=run("ab")), "√(ab)"),
        (made("func", fName=run("cos"), e=fraction("x", "L")), "cos(x/L)"),
        (made("func", fName=made("limLow", e=run("lim"), lim=run("n")), e=fraction("1", "n")), "lim_n 1/n"),
    ],
)
def test_a_product_is_held_together(math, line):
    assert written(math) == line


def test_names_of_functions_stand_apart():
    sine = made("func", fName=run("sin"), e=run("x"))
    upright = "<m:r><m:rPr><m:sty m:val='p'/></m:rPr><m:t>cos</m:t></m:r>"
    assert written(sine + sine + run("y") + upright + run("z")) == "sin x sin xy cos z"


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        (("x,&amp;x&gt;0", "-x,&amp;x≤0"), "x, x>0; -x, x≤0"),
        (("f&amp;=x^2", "&amp;=1"), "f=x^2; =1"),
        (("0&amp;if x",), "0 if x"),
    ],
)
def test_marks_by_which_rows_stand_below_each_other_are_not_read(rows, line):
    assert written(f"<m:eqArr>{''.join(f'<m:e>{run(row)}</m:e>' for row in rows)}</m:eqArr>") == line


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ((("1", "-2"), ("3", "4")), "1, -2; 3, 4"),
        ((("", "2"), ("3", "")), ", 2; 3, "),
        ((("f", "=x"), ("", "=y")), "f=x; =y"),
        ((("x,", "x&gt;0"), ("-x,", "x≤0")), "x, x>0; -x, x≤0"),
    ],
)
def test_cells_of_equations_below_each_other_are_one_line(rows, line):
    cells = ["".join(f"<m:e>{run(cell) if cell else ''}</m:e>" for cell in row) for row in rows]
    assert written(f"<m:m>{''.join(f'<m:mr>{row}</m:mr>' for row in cells)}</m:m>") == line


def grouped(sign: str, place: str, inside: str) -> str:
    properties = f"<m:groupChrPr><m:chr m:val='{sign}'/><m:pos m:val='{place}'/></m:groupChrPr>"
    return f"<m:groupChr>{properties}<m:e>{run(inside)}</m:e></m:groupChr>"


@pytest.mark.parametrize(
    ("math", "line"),
    [
        (made("limUpp", e=grouped("⏞", "top", "a+b"), lim=run("n")), "⏞(a+b)^n"),
        (made("limLow", e=grouped("⏟", "bot", "a+b"), lim=run("n")), "⏟(a+b)_n"),
        (grouped("⏞", "top", "a+b"), "a+b"),
        (run("A") + grouped("→", "bot", "heat") + run("B"), "A→^(heat)B"),
    ],
)
def test_a_label_of_a_brace_is_no_power(math, line):
    assert written(math) == line


@pytest.mark.parametrize(
    ("inside", "line"), [(run("x"), "x\u0304"), (run("AB"), "(AB)\u0304"), (f"<m:bar><m:e>{run('x')}</m:e></m:bar>", "x\u0304\u0304")]
)
def test_a_bar_is_over_all_of_its_letters(inside, line):
    assert written(made("bar", e=inside)) == line
