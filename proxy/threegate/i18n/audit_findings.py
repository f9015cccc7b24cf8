"""What a verification may find, and why a note cannot be trusted, in both languages.

The part of a key before `/` is the code that programs read; what follows tells the cases apart.
"""

from __future__ import annotations

from collections.abc import Mapping

from threegate.types import Bilingual

FINDINGS: Mapping[str, Bilingual] = {
    "no_key": Bilingual(
        "没有给出可信的公钥，无法核对检查点",
        "no trusted key was given, so no checkpoint could be checked",
    ),
    "malformed/tombstone": Bilingual("一条删除记录无法读取", "a tombstone cannot be read"),
    "malformed/peers": Bilingual(
        "它对其他写入器的说明无法读取", "what it says of other writers cannot be read"
    ),
    "malformed/chain": Bilingual("这条链里有不属于日志的行", "rows of this chain are not of a log"),
    "malformed/entry": Bilingual("这一条不是本日志的记录", "the entry is not one of this log"),
    "malformed/line": Bilingual(
        "第 {line} 行不是导出的记录", "line {line} is not an exported record"
    ),
    "checkpoint_moved": Bilingual(
        "存放在 {size} 处的检查点是另一个", "the checkpoint stored at {size} is another"
    ),
    "checkpoint_unsigned": Bilingual("{zh}", "{en}"),
    "writer_missing": Bilingual("{by} 提到它，日志里却没有", "named by {by}, not in the log"),
    "peer_differs": Bilingual("{by} 看到的是另一条", "{by} saw another entry"),
    "missing": Bilingual("缺第 {seq} 条", "entry {seq} is missing"),
    "twice/entry": Bilingual("第 {seq} 条出现两次", "entry {seq} is there twice"),
    "twice/export": Bilingual("导出了两次", "exported twice"),
    "root_differs": Bilingual(
        "前 {size} 条的签名根与日志不符", "the signed root of the first {size} is another"
    ),
    "pruned_silently": Bilingual("内容没有了，却没有删除记录", "body gone without a tombstone"),
    "stray/pruned": Bilingual("已清理的记录还有残留的行", "rows of a pruned entry are left"),
    "stray/rows": Bilingual("有的行没有对应的记录", "rows without an entry"),
    "changed": Bilingual("记录与其叶子哈希不符", "the entry does not hash to its leaf"),
    "not_canonical": Bilingual("记录不是规范的 JSON", "the entry is not canonical JSON"),
    "algorithm": Bilingual(
        "第一条没有写明这里认识的哈希算法", "the first entry names no hash that is known here"
    ),
    "moved": Bilingual("记录里写的是另一个位置", "the entry names another place"),
    "unlinked": Bilingual("记录与前一条不相接", "the entry does not follow the one before it"),
    "columns": Bilingual("检索用的列与记录不符", "searchable columns differ from the entry"),
    "hits": Bilingual("规则命中与记录不符", "rule hits differ from the entry"),
    "text_missing": Bilingual("文字没有了，却没有删除记录", "text gone without a tombstone"),
    "text_changed": Bilingual("文字不是当时记录的", "the text is not the one that was logged"),
    "text_changed/export": Bilingual("{name} 不是当时记录的", "{name} is not as logged"),
    "salt_missing": Bilingual("盐没有了，却没有删除记录", "salt gone without a tombstone"),
    "subject/salt": Bilingual("有用户却没有盐", "a subject without a salt"),
    "subject": Bilingual("盐或用户与记录不符", "salt or subject differ from the entry"),
    "truncated": Bilingual(
        "检查点签了 {signed} 条，这里有 {found} 条",
        "a checkpoint signs {signed}, there are {found}",
    ),
    "empty": Bilingual("写入器已知，它的记录没有了", "the writer is known, its entries are gone"),
    "count": Bilingual(
        "导出了 {expected} 条，这里有 {found} 条",
        "{expected} records were exported, {found} are here",
    ),
    "manifest/unsigned": Bilingual(
        "没有可信密钥的签名（{why}）", "not signed by a trusted key: {why}"
    ),
    "manifest/title": Bilingual("不是导出的清单", "not a manifest of an export"),
    "file_extra": Bilingual("清单里没有", "not in the manifest"),
    "file_missing": Bilingual("清单里有，这里没有", "in the manifest, not here"),
    "file_missing/read": Bilingual("无法读取（{why}）", "cannot be read: {why}"),
    "file_changed": Bilingual("不是导出时的文件", "not the file that was exported"),
    "torn": Bilingual("最后一行不完整", "the last line is cut short"),
    "no_checkpoint": Bilingual(
        "证明所指的检查点不在这里", "the proof leads to a checkpoint that is not here"
    ),
    "not_included": Bilingual("这一条与日志里的不同", "the entry is not the one in the log"),
}

NOTES: Mapping[str, Bilingual] = {
    "checkpoint": Bilingual(
        "不是检查点：应有来源、条数和根",
        "not a checkpoint: origin, size and root lines expected",
    ),
    "zeros": Bilingual("检查点的条数前有多余的零", "checkpoint size has leading zeros"),
    "key": Bilingual("不是 Ed25519 公钥", "verifier key is not an Ed25519 key"),
    "key-id": Bilingual("公钥与其编号不符", "verifier key does not match its key id"),
    "base64-root": Bilingual("检查点的根不是 base64", "root is not base64"),
    "base64-key": Bilingual(
        "公钥应为 名称+编号+base64，像 log.vkey 里那样",
        "verifier key must be NAME+ID+BASE64, as in log.vkey",
    ),
    "base64-signature": Bilingual("签名不是 base64", "signature is not base64"),
    "long": Bilingual("太长，或含控制字符", "note is too long or holds control characters"),
    "no-block": Bilingual("没有签名部分", "note has no signature block"),
    "line": Bilingual("签名的行不正确", "malformed signature line"),
    "newline": Bilingual("被签名的文字要以换行结束", "a note's text ends in a newline"),
    "wrong": Bilingual("{name} 的签名不正确", "signature by {name} is wrong"),
    "untrusted": Bilingual("没有可信密钥的签名", "no signature by a trusted key"),
    "other": Bilingual("签名的是别的内容", "the note is about something else"),
    "files": Bilingual("文件不是签名时的内容", "the files are not those that were signed"),
}
