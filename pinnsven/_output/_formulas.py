"""Formulas as text, for terminals, and as MathML, which every browser sets by itself."""

import html
import math

from .._conditions import MEASURED
from ._mathematics import Expression, number, times

GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda"),
    *("mu", "nu", "xi", "pi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega"),
)
LETTERS = dict(zip(GREEK, "αβγδεζηθικλμνξπρστφχψω", strict=True))
MINUS = "<mo>&#x2212;</mo>"
PI_TIMES = [n / d for d in (1, 2, 3, 4) for n in range(1, 13)]  # multiples of pi that are told


def as_text(expression: Expression) -> str:
    """A formula in one line, as one would type it."""
    return _text(expression, 0)


def as_mathml(left: Expression, right: Expression | None = None) -> str:
    """A formula, or an equation of two sides, as a MathML element."""
    inside = _mathml(left, 0)
    if right is not None:
        inside += f"<mo>=</mo>{_mathml(right, 0)}"
    return f'<math display="block"><mrow>{inside}</mrow></math>'


SUM, PRODUCT, POWER = 1, 2, 3  # how tightly they bind
BINDING = {"sum": SUM, "compare": 0, "product": PRODUCT, "quotient": PRODUCT, "power": POWER}


def _binding(e: Expression) -> int:
    if e.kind in ("number", "product", "quotient") and e.is_negative:
        return SUM
    return BINDING.get(e.kind, 4)


def _number(value: float) -> str:
    """A number in at most eight digits, or as a multiple or a fraction of pi where it is one."""
    sign, size = ("-" if value < 0 else ""), abs(value)
    for mark, unit in (("pi", math.pi), ("pi^2", math.pi**2)):
        for factor in PI_TIMES:
            if math.isclose(size, factor * unit, rel_tol=1e-14):
                return sign + (mark if factor == 1 else f"{factor:.8g} {mark}")
    share = size * math.pi
    if size and math.isclose(share, float(f"{share:.3g}"), rel_tol=1e-14):
        return f"{sign}{share:.3g}/pi"
    return f"{value:.8g}"


def _text(e: Expression, binding: int) -> str:
    """A formula as text, in brackets where what is around it binds more tightly."""
    found = _plain_text(e)
    return f"({found})" if _binding(e) < binding else found


def _plain_text(e: Expression) -> str:
    """A formula as text, without brackets around it."""
    match e.kind:
        case "number":
            return _number(e.value)
        case "symbol":
            return e.name.removeprefix("_data_").join(
                ("measured ", "") if e.name[0] == "_" else ("", "")
            )
        case "sum":
            return _sum(e, lambda part: _text(part, SUM), " - ", " + ")
        case "product":
            if e.parts[0] == number(-1):
                return "-" + " * ".join(_text(p, PRODUCT) for p in e.parts[1:])
            return " * ".join(
                _number(p.value) if p.kind == "number" else _text(p, PRODUCT) for p in e.parts
            )
        case "quotient":
            return f"{_text(e.parts[0], PRODUCT)} / {_text(e.parts[1], POWER)}"
        case "power":
            return f"{_text(e.parts[0], 4)}^{_text(e.parts[1], 4)}"
        case "cases":
            return f"({_text(e.parts[1], 0)} if {_text(e.parts[0], 0)} else {_text(e.parts[2], 0)})"
        case "compare":
            return f" {e.name} ".join(_text(p, SUM) for p in e.parts)
    return f"{e.name}({', '.join(_text(p, 0) for p in e.parts)})"


def _sum(e: Expression, each, minus: str, add: str) -> str:
    """The terms of a sum with their signs between them; the first keeps its own."""
    parts = [each(e.parts[0])]
    for part in e.parts[1:]:
        negative = part.is_negative
        parts.append((minus if negative else add) + each(times(number(-1), part) if negative else part))
    return "".join(parts)


def _row(*parts: str) -> str:
    return f"<mrow>{''.join(parts)}</mrow>"


def _mathml(e: Expression, binding: int) -> str:
    found = _plain_mathml(e)
    return _row("<mo>(</mo>", found, "<mo>)</mo>") if _binding(e) < binding else found


def _plain_mathml(e: Expression) -> str:
    """A formula as MathML, without brackets around it."""
    match e.kind:
        case "number":
            return _number_mathml(e.value)
        case "symbol":
            return _symbol(e.name)
        case "sum":
            minus, add = MINUS, "<mo>+</mo>"
            return _row(_sum(e, lambda part: _mathml(part, SUM), minus, add))
        case "product":
            first, rest = e.parts[0], e.parts
            sign = ""
            if first.kind == "number":
                sign = MINUS if first.value < 0 else ""
                size = () if abs(first.value) == 1 else (number(abs(first.value)),)
                rest = (*size, *e.parts[1:])
            return _row(sign, "<mspace width='0.17em'/>".join(_mathml(p, PRODUCT) for p in rest))
        case "quotient":
            return f"<mfrac>{_mathml(e.parts[0], 0)}{_mathml(e.parts[1], 0)}</mfrac>"
        case "power":
            return f"<msup>{_mathml(e.parts[0], 4)}{_mathml(e.parts[1], 0)}</msup>"
        case "cases":
            then = _row(_mathml(e.parts[1], 0), "<mtext> if </mtext>", _mathml(e.parts[0], 0))
            rows = (then, _row(_mathml(e.parts[2], 0), "<mtext> otherwise</mtext>"))
            table = "".join(f"<mtr><mtd>{row}</mtd></mtr>" for row in rows)
            return _row("<mo>{</mo>", f"<mtable>{table}</mtable>")
        case "compare":
            sign = {"<=": "≤", ">=": "≥"}.get(e.name, html.escape(e.name))
            return _row(_mathml(e.parts[0], SUM), f"<mo>{sign}</mo>", _mathml(e.parts[1], SUM))
    if e.name == "integral":
        return _row("<mo>∫</mo>", _mathml(e.parts[0], PRODUCT))
    if e.name == "sqrt":
        return f"<msqrt>{_mathml(e.parts[0], 0)}</msqrt>"
    if e.name == "abs":
        return _row("<mo>|</mo>", _mathml(e.parts[0], 0), "<mo>|</mo>")
    if e.name == "dot":
        return _row(_mathml(e.parts[0], PRODUCT), "<mo>·</mo>", _mathml(e.parts[1], PRODUCT))
    inside = "<mo>,</mo>".join(_mathml(p, 0) for p in e.parts)
    return _row(f"<mi>{e.name}</mi>", "<mo>&#x2061;</mo>", _row("<mo>(</mo>", inside, "<mo>)</mo>"))


def _number_mathml(value: float) -> str:
    """A number: with its power of ten, or pi, as one writes it by hand."""
    text = _number(abs(value))
    sign = MINUS if value < 0 else ""
    if text.endswith("/pi"):
        return _row(sign, f"<mfrac><mn>{text.removesuffix('/pi')}</mn><mi>π</mi></mfrac>")
    factor, space, pi = text.rpartition(" ") if "pi" in text else (text, "", "")
    if pi:
        shown = "<msup><mi>π</mi><mn>2</mn></msup>" if pi.endswith("^2") else "<mi>π</mi>"
        return _row(sign, f"<mn>{factor}</mn>" if space else "", shown)
    mantissa, e, exponent = text.partition("e")
    shown = f"<mn>{mantissa}</mn>"
    if e:
        power = f"<msup><mn>10</mn><mn>{int(exponent)}</mn></msup>"
        shown = power if mantissa == "1" else f"{shown}<mo>·</mo>{power}"
    return _row(sign, shown) if sign or e else shown


def _letter(name: str) -> str:
    """One name, with its trailing digits below it and Greek letters as such."""
    base = name.rstrip("0123456789")
    digits = name[len(base) :]
    shown = LETTERS.get(base.lower(), base) if base.islower() else base
    letter = f"<mi>{html.escape(shown)}</mi>"
    return f"<msub>{letter}<mn>{digits}</mn></msub>" if digits and base else letter


def _symbol(name: str) -> str:
    """What a name asks for, as a sign of its own where mathematics has one."""
    if name.startswith(MEASURED):
        return f"<msup>{_symbol(name.removeprefix(MEASURED))}<mtext>measured</mtext></msup>"
    if name.endswith("]"):
        base, _, index = name[:-1].partition("[")
        return f"<msub>{_symbol(base)}<mn>{index}</mn></msub>"
    if name == "normal":
        return "<mi mathvariant='bold'>n</mi>"
    for prefix, mark in (("grad_", "<mo>∇</mo>"), ("laplacian_", "<msup><mo>∇</mo><mn>2</mn></msup>")):
        if name.startswith(prefix):
            return _row(mark, _letter(name.removeprefix(prefix)))
    base, underscore, along = name.partition("_")
    if not underscore or not base:
        return _letter(name)
    if along == "n":
        return f"<mfrac><mrow><mi>∂</mi>{_letter(base)}</mrow><mrow><mi>∂</mi><mi>n</mi></mrow></mfrac>"
    return f"<msub>{_letter(base)}{_letter(along)}</msub>"
