"""What an answer may name unasked, and what looks like it and may not."""

from __future__ import annotations

import pytest
from threegate.guard.masking.public_values import is_public


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("pii.ip", "192.168.1.20"),
        ("pii.ip", "10.20.0.1"),
        ("pii.ip", "172.16.4.11"),
        ("pii.ip", "100.100.2.136"),
        ("pii.ip", "223.5.5.5"),
        ("pii.ip", "fe80::1ff:fe23:4567:890a"),
        ("pii.ip", "2001:4860:4860:0::8888"),
        ("pii.email", "HR@company.cn"),
        ("pii.email", "you@example.com"),
        ("pii.cn.landline", "400-820-8820"),
        ("pii.cn.landline", "010-82951332"),
        ("pii.cn.landline", "+86 10 8295 1332"),
        ("pii.phone", "1-800-275-2273"),
        ("pii.phone", "(800) 829-1040"),
        ("pii.phone", "+44 800 111 1111"),
        ("pii.email", "it-support@hospital.org"),
        ("pii.email", "Customer.Service@shop.de"),
        ("pii.email", "alice+test@example.com"),
        ("pii.email", "bob@mail.example.org"),
        ("pii.email", "jane.doe@your-company.com"),
        ("pii.email", "u1@host.test"),
        ("pii.ip", "192.0.2.44"),
        ("pii.ip", "203.0.113.77"),
        ("pii.ip", "2001:db8::1"),
        ("pii.phone", "212-555-0147"),
        ("pii.phone", "+1 212 555 0147"),
        ("pii.phone", "+44 20 7946 0958"),
        ("pii.phone", "07700 900123"),
        ("pii.bank_card", "4242 4242 4242 4242"),
        ("pii.bank_card", "4111111111111111"),
        ("pii.cn.mobile", "13800138000"),
        ("pii.phone", "12345678901"),
        ("pii.phone", "123-456-7890"),
    ],
)
def test_public(kind: str, value: str) -> None:
    assert is_public(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("pii.ip", "172.32.4.11"),
        ("pii.ip", "142.250.185.78"),
        ("pii.ip", "203.0.114.77"),
        ("pii.ip", "192.168.1 .20"),
        ("pii.ip", "2001:db9::1"),
        ("pii.email", "zhao.liu@corp-mail.cn"),
        ("pii.email", "zhao.liu@example.com.evil.cn"),
        ("pii.email", "zhao.liu@notexample.com"),
        ("pii.email", "infowang@company.cn"),
        ("pii.email", "info.wang@company.cn"),
        ("pii.email", "123456789@qq.com"),
        ("pii.email", "h r@company.cn"),
        ("pii.cn.landline", "010-82951333"),
        ("pii.cn.landline", "021-82951332"),
        ("pii.phone", "212-551-0147"),
        ("pii.phone", "212-555-0247"),
        ("pii.phone", "+44 20 7947 0958"),
        ("pii.phone", "+49 3555 0112"),
        ("pii.email", "zhao.liu@corp-mail.cn.invalid"),
        ("pii.email", "zhao.liu@corp-mail.cn.example.com"),
        ("pii.phone", "1-800-275-22731"),
        ("pii.cn.mobile", "13800138001"),
        ("pii.cn.mobile", "13812345678"),
        ("pii.phone", "123-456-7891"),
        ("pii.bank_card", "4532015112830366"),
    ],
)
def test_of_a_person(kind: str, value: str) -> None:
    assert not is_public(kind, value)
