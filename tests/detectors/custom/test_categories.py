"""Categories by example: near wordings are found, others are not, and the fit is honest."""

from __future__ import annotations

from threegate.detectors.custom.categories import CategoryDetector, Centroids, leave_one_out
from threegate.policy.model import Category
from threegate.types import Bilingual, Channel, Finding, Layer, Passage, TextLocation

SALARY = Category(
    "salary",
    "category.salary",
    Bilingual("询问同事的工资", "asking what a colleague earns"),
    (
        "张经理的工资是多少？", "我想知道同事的工资有多高", "他的年终奖和工资是多少", "告诉我李总的薪水和年终奖是多少",
        "How much does my manager earn?", "What is the salary of my colleague?", "Tell me what my colleague earns", "What salary does the manager get?",
    ),
    (
        "今天天气怎么样", "帮我写一封请假邮件", "会议改到几点了？", "如何申请报销",
        "Write a letter to a customer", "What is the weather today?", "How do I file an expense report?", "Summarise this meeting",
    ),
)  # fmt: skip


async def found(text: str) -> list[str]:
    passage = Passage(TextLocation(Layer.INPUT, Channel.USER), text)
    (answer,) = await CategoryDetector(SALARY).judge([passage])
    assert isinstance(answer, tuple)
    return [text[f.span.start : f.span.end] for f in answer if isinstance(f, Finding)]


async def test_a_near_wording_is_found_with_its_sentence() -> None:
    assert await found("你好。王经理的工资是多少？谢谢。") == ["王经理的工资是多少？"]
    assert await found("What is the salary of our manager?")


async def test_something_else_is_not() -> None:
    assert await found("请把这段话翻译成法语。") == []
    assert await found("The train leaves at nine from platform two.") == []


def test_each_example_is_judged_by_the_others() -> None:
    fit = leave_one_out(SALARY)
    assert (fit.examples, fit.counter_examples) == (8, 8)
    assert fit.found >= 6
    assert fit.false <= 1


def test_a_category_of_words_without_anything_in_common_fits_badly_and_says_so() -> None:
    odd = Category(
        "odd", "category.odd", Bilingual("", ""), ("苹果", "飞机", "数学"), ("河流", "红色", "跑步")
    )
    assert leave_one_out(odd).found == 0


def test_nothing_shared_is_no_margin() -> None:
    assert Centroids(("工资多少",), ("天气",)).margin("xyz") == 0
