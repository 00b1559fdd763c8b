"""Policies: the right section, quoted; honestly nothing where no document says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import AssistantError
from assistant.service.knowledge import KnowledgeBase, Section, cited
from assistant.service.terms import asked, terms, words

DOCUMENTS = {
    "returns": """# Returns

## 1. How long you have
You can return unused items within 30 days of delivery. Opened boxes are fine while the item is unused.

## 2. Refunds
We refund to the way you paid within 5 working days after the parcel reached us.

## 3. What cannot be returned
- Gift cards
- Earrings and **underwear**, for hygiene
""",
    "shipping": """# Shipping

## 1. Times
Standard delivery takes 3 to 5 working days. Express arrives the next working day.

## 2. Costs
Standard delivery is free from $50; below that it is $4.95. Express costs $9.95.

## 3. Where we deliver
We ship within the United States and to Canada only.
""",
    "payment": """# Payment

## 1. Ways to pay
We take Visa, Mastercard, American Express and PayPal.

## 2. When we charge
Your card is charged when the parcel leaves us.
""",
    "warranty": """# Warranty

## 1. Length
Every product has a warranty of two years from the date of delivery.

## 2. Damaged on arrival
Tell us within 14 days and we exchange a damaged item at our cost.
""",
    "price-match": """# Price match

## 1. The promise
If another shop sells the same item for less, we match the price within 14 days of your order.
""",
}


@pytest.fixture
def base(tmp_path: Path) -> KnowledgeBase:
    for name, text in DOCUMENTS.items():
        (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
    return KnowledgeBase.load(tmp_path)


def test_sections_are_read_with_their_numbers(base: KnowledgeBase) -> None:
    assert len(base.sections) == 11
    section = base.find("policy:returns#3")
    assert section is not None
    assert (section.title, section.document_title) == ("What cannot be returned", "Returns")
    assert "*" not in section.text


@pytest.mark.parametrize(
    ("question", "evidence"),
    [
        ("how long have i got to send something back", "policy:returns#1"),
        ("can I return an opened box that was never used", "policy:returns#1"),
        ("when do I get my money back?", "policy:returns#2"),
        ("can I bring back earrings", "policy:returns#3"),
        ("how long does delivery take", "policy:shipping#1"),
        ("what does express shipping cost", "policy:shipping#2"),
        ("do you ship abroad, to Canada?", "policy:shipping#3"),
        ("do you take paypal", "policy:payment#1"),
        ("can I pay with an apple pay wallet, don't you take it?", "policy:payment#1"),
        ("do you ship to Germany?", "policy:shipping#3"),
        ("how fast is standard delivery?", "policy:shipping#1"),
        ("when is my card charged", "policy:payment#2"),
        ("how long is the guarantee", "policy:warranty#1"),
        ("it arrived damaged, what now", "policy:warranty#2"),
        ("another shop sells it for less, do you price match?", "policy:price-match#1"),
    ],
)
def test_questions_find_their_section(base: KnowledgeBase, question: str, evidence: str) -> None:
    section = base.answer(question)
    assert section is not None
    assert section.evidence_id == evidence


@pytest.mark.parametrize(
    "question",
    [
        "what time are you open on sunday and is there parking",
        "who founded the company",
        "do you have a loyalty programme",
        "are you hiring",
        "can my dog come into the store",
        "what is the capital of France",
        "",
        "???",
    ],
)
def test_what_no_document_says_is_not_answered(base: KnowledgeBase, question: str) -> None:
    assert base.answer(question) is None
    answer = base.quote(question)
    assert not answer.known
    assert answer.evidence == ()


def test_a_quotation_cites_its_section_and_is_bounded() -> None:
    section = Section("faq", 4, "Long", "First sentence here. " + "More words follow on parcels. " * 60)
    answer = cited(section, "parcels")
    assert answer.evidence == ("policy:faq#4",)
    assert "section 4" in answer.text
    quoted = answer.text[answer.text.index("“") + 1 : answer.text.rindex("”")]
    assert len(quoted) <= 360
    assert quoted in answer.facts[0][1]


def test_no_documents_no_answer(tmp_path: Path) -> None:
    assert KnowledgeBase.load(tmp_path).answer("returns") is None
    with pytest.raises(AssistantError, match="no policy folder"):
        KnowledgeBase.load(tmp_path / "missing")
    (tmp_path / "bad.md").write_bytes(b"## 1. A\n\xff\xfe")
    with pytest.raises(AssistantError, match="UTF-8"):
        KnowledgeBase.load(tmp_path)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_question_is_survived(question: str) -> None:
    base = KnowledgeBase((Section("a", 1, "Returns", "Within 30 days."), Section("b", 1, "Pay", "By card.")))
    answer = base.quote(question)
    assert answer.text
    assert answer.known == bool(answer.evidence)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("bitcoin", "cryptocurrency"),
        ("how fast is it", "how long is it"),
        ("my order never arrived", "my order is late"),
        ("color", "colour"),
        ("in installments", "in instalments"),
    ],
)
def test_shoppers_words_meet_the_documents_words(left: str, right: str) -> None:
    def names(text: str) -> set[str]:
        return {term for term in terms(text) if term.startswith("@")}

    assert names(left) & names(right)


def test_a_contracted_denial_carries_no_meaning() -> None:
    assert terms("I don't, it doesn't, we can't") == []


def test_words_that_ask_for_the_same_thing_are_one_term() -> None:
    assert terms("can I send all of it back") != ["return"]  # too far apart
    assert terms("please send it back") == ["@return"]
    assert terms("returns") == ["return", "@return"]
    assert terms("guarantee")[1] == terms("Warranty?")[1]
    assert asked("a guarantee, send back") == [("guarante", "@warranti"), ("@return",)]
    assert words("It\u2019s Anna's") == ["it's", "anna's"]
