"""What models do to a placeholder on its way back. A form is filled with what `forms` makes of it."""

from __future__ import annotations

MANGLED = {
    "as is": "{0}",
    "lower": "{1}",
    "no brackets": "{2}",
    "other brackets": "（{2}）",
    "corner brackets": "【{2}】",
    "angle": "<{2}>",
    "spaces": "[ {2} ]",
    "hyphens": "[{3}]",
    "blanks": "[{4}]",
    "full width": "{5}",
    "markdown": "**{0}**",
    "code": "`{2}`",
    "possessive": "{2}'s",
    "chinese around": "卡号{2}的余额",
}

MANGLINGS = {
    **MANGLED,
    "upper": "{0}",
    "title case": "{6}",
    "bold inside": "[**{2}**]",
    "code around": "`{0}`",
    "escaped underscores": "[{7}]",
    "no bracket at the end": "[{2} ",
    "in a link": "%5B{2}%5D",
    "json": '{{"card": "{0}"}}',
    "html": "<b>{2}</b>",
    "quoted": "“{0}”",
    "list item": "- {0}\n",
    "possessive, curly": "{0}’s",
    "translated around": "カード{0}です",
    "other language": "номер {2}, пожалуйста",
}


def forms(placeholder: str) -> tuple[str, ...]:
    bare = placeholder.strip("[]")
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in placeholder)
    return (
        placeholder,
        placeholder.lower(),
        bare,
        bare.replace("_", "-"),
        bare.replace("_", " "),
        wide,
        bare.title(),
        bare.replace("_", "\\_"),
    )
