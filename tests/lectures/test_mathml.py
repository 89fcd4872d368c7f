"""Formulas become MathML at build time."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from mathml import to_mathml


def parsed(tex, display=True):
    return ElementTree.fromstring(to_mathml(tex, display).replace("xmlns=", "data-xmlns="))


@pytest.mark.parametrize(
    "tex",
    [
        r"Q^*(s,a) = r(s,a) + \gamma \max_{a'} Q^*(s',a')",
        r"\bigl|\mathcal{B}Q_1 - \mathcal{B}Q_2\bigr| \le \gamma\, \lVert Q_1 - Q_2 \rVert_\infty",
        r"\frac1P \sum_{p=1}^{P} f(\tau_p) \sum_i \nabla_\theta \log \pi_\theta(a_i^{p}\,|\,s_i^{p})",
        r"\begin{cases} 1 & \text{if } a = b \\ 0 & \text{otherwise} \end{cases}",
    ],
)
def test_formulas_are_well_formed(tex):
    assert parsed(tex).tag == "math"


def test_limits_stand_below_in_a_block_and_beside_in_a_line():
    assert parsed(r"\max_{a'} Q(s',a')").find(".//munder") is not None
    assert parsed(r"\max_{a'} Q(s',a')", display=False).find(".//munder") is None


def test_an_underbrace_is_a_line_below_its_term():
    formula = parsed(r"\underbrace{r + \gamma \max_{a'} Q}_{\text{target}} + \underbrace{x}_{y}")
    assert [row.get("class") for row in formula.iter("mrow")].count("braced") == 2
    assert len(formula.findall(".//munder")) == 3  # two labels and the limit of max
    assert "⏟" not in "".join(formula.itertext())


def test_a_power_of_a_large_parenthesis_leaves_the_parenthesis_alone():
    formula = parsed(r"\bigl( x \bigr)^2")
    assert all(script[0].tag != "mo" for script in formula.iter("msup"))


def test_a_thin_space_follows_log_but_not_before_a_parenthesis():
    assert "<mi>log</mi><mspace" in to_mathml(r"\log p", True)
    assert "<mi>log</mi><mo" in to_mathml(r"\log(p)", True)


@pytest.mark.parametrize("tex", [r"2 \cdot (-1)", r"\bigl(-\log p\bigr)", r"a = -b", r"x \le -1"])
def test_a_sign_has_not_the_space_of_a_difference(tex):
    assert '<mo form="prefix">&#x02212;</mo>' in to_mathml(tex, True)
    assert "prefix" not in to_mathml(r"(x - 1)", True)


def test_words_in_upright_letters_stay_words():
    assert "<mtext>Cost</mtext>" in to_mathml(r"\mathrm{Cost}(\theta)", True)


@pytest.mark.parametrize("tex", [r"\frac{1}{2", r"\nosuchcommand x"])
def test_what_cannot_be_read_is_said(tex):
    with pytest.raises(ValueError, match="The formula"):
        to_mathml(tex, True)
