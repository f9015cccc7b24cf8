"""Words joined as each language writes it."""

from threegate.console.presenters.punctuation import aside, clauses, labelled, listed


def test_chinese_has_its_own_signs() -> None:
    assert listed(["姓名", "电话"], "zh") == "姓名、电话"
    assert clauses(["姓名", "电话"], "zh") == "姓名；电话"
    assert labelled("动作", "拦截", "zh") == "动作：拦截"
    assert aside("拦截", "测试", "zh") == "拦截（测试）"


def test_english_has_spaces_after_them() -> None:
    assert listed(["name", "phone"], "en") == "name, phone"
    assert clauses(["name", "phone"], "en") == "name; phone"
    assert labelled("action", "block", "en") == "action: block"
    assert aside("block", "test", "en") == "block (test)"
