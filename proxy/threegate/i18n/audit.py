"""What the audit log says to people, in both languages, one entry each: why it cannot do something,
and the lines of its commands. What a verification finds: `audit_findings`.
"""

from __future__ import annotations

from collections.abc import Mapping

from threegate.types import Bilingual

ERRORS: Mapping[str, Bilingual] = {
    "database": Bilingual("审计数据库：{why}", "audit database: {why}"),
    "database-url": Bilingual(
        "审计数据库：应为 sqlite:///路径 或 postgresql://…",
        "audit database: sqlite:///PATH or postgresql://… expected",
    ),
    "no-database": Bilingual("{path} 没有审计数据库", "no audit database at {path}"),
    "not-read": Bilingual("审计数据库无法读取：{why}", "audit database cannot be read: {why}"),
    "not-reached": Bilingual(
        "审计数据库无法连接：{why}", "audit database cannot be reached: {why}"
    ),
    "not-opened": Bilingual("审计日志：{why}", "audit log: {why}"),
    "closed": Bilingual("审计日志已关闭或过载", "the audit log is closed or overloaded"),
    "not-written": Bilingual("审计记录无法写入：{why}", "audit record cannot be written: {why}"),
    "not-stored": Bilingual("审计记录无法保存", "the audit record could not be stored"),
    "not-in-time": Bilingual("审计记录没有及时保存", "the audit record was not stored in time"),
    "not-spooled": Bilingual("审计记录无法暂存", "the audit record could not be spooled"),
    "spool-full": Bilingual("审计暂存文件已满", "audit spool is full"),
    "retention": Bilingual("保存期限不能少于 {least} 天", "retention: less than {least} days"),
    "time": Bilingual(
        "{text} 不是时间；写成 2026-11-25 或 2026-11-25T08:00:00Z",
        "{text} is no time; write 2026-11-25 or 2026-11-25T08:00:00Z",
    ),
    "no-file": Bilingual("没有文件 {path}", "no file {path}"),
    "day": Bilingual("{text} 不是日期；写成 2026-11-25", "{text} is no day; write 2026-11-25"),
    "reason": Bilingual(
        "{verb} 会被记录，要写明 --reason", "{verb} is recorded and needs --reason"
    ),
    "yes": Bilingual("删除不可恢复：确认请加 --yes", "erasing cannot be undone: repeat with --yes"),
    "erase-what": Bilingual(
        "删除：写明用户、请求或会话", "erase: name a subject, a request or a conversation"
    ),
    "erase-tenant": Bilingual(
        "删除：用户要在租户之内指明，写上 --tenant",
        "erase: a subject is known within a tenant, name it",
    ),
    "shred-today": Bilingual("销毁：今天的密钥正在使用", "shred: today's keys are in use"),
    "shred-held": Bilingual(
        "销毁：当天有文字受法律保留", "shred: a legal hold covers texts of that day"
    ),
    "hold-what": Bilingual(
        "法律保留：写明 {fields} 之一、它的值和原因",
        "hold: needs one of {fields}, its value and a reason",
    ),
    "hold-unknown": Bilingual("法律保留：没有这个编号", "hold: no such hold"),
    "content": Bilingual(
        "保存的文字打不开：密钥不对，或已被改动", "content does not open: wrong key or changed"
    ),
    "key-gone": Bilingual("这段文字的密钥已不在", "the key of this text is gone"),
    "backup-exists": Bilingual("备份：{path} 已存在", "backup: {path} exists"),
    "restore-full": Bilingual(
        "恢复：数据库里已有日志", "restore: the database holds a log already"
    ),
    "restore-file": Bilingual("恢复：没有文件 {path}", "restore: no file {path}"),
    "export-exists": Bilingual(
        "导出：{path} 已存在，换一个目录", "export: {path} exists, name a new folder"
    ),
    "export-master": Bilingual("导出：文字需要主密钥", "export: text needs the master key"),
    "export-differs": Bilingual(
        "导出：{writer} 的日志与其检查点不符，先校验",
        "export: the log of {writer} does not match its checkpoint: verify it",
    ),
    "export-parquet": Bilingual(
        "导出：Parquet 需要附加项 `parquet`（pyarrow）",
        "export: Parquet needs the extra `parquet` (pyarrow)",
    ),
    "collector-form": Bilingual("导出：收集器接收 {forms}", "export: a collector takes {forms}"),
    "collector": Bilingual(
        "收集器：{why}，已送出 {taken} 条", "collector: {why} after {taken} records"
    ),
    "key-variable": Bilingual(
        "审计密钥：环境变量 {name} 没有设置",
        "audit key: environment variable {name} is not set",
    ),
    "key-form": Bilingual(
        "审计密钥：应为 file:路径、env:变量名 或 cmd:命令",
        "audit key: expected file:PATH, env:NAME or cmd:COMMAND",
    ),
    "key-file": Bilingual(
        "审计密钥：无法读取 {path}（{why}）", "audit key: cannot read {path}: {why}"
    ),
    "key-command": Bilingual("审计密钥：命令失败（{why}）", "audit key: command failed: {why}"),
    "key-bytes": Bilingual(
        "审计密钥：{where} 不是 32 字节的密钥（原始、十六进制或 base64）",
        "audit key: {where} is not a key of 32 bytes (raw, hex or base64)",
    ),
    "data-key": Bilingual(
        "数据密钥 {key} 打不开：主密钥不对，或已被改动",
        "data key {key} does not open: wrong master key or changed",
    ),
    "explain": Bilingual("审计日志无法读取：{why}", "the audit log cannot be read: {why}"),
}

LINES: Mapping[str, Bilingual] = {
    "chain": Bilingual(
        "{writer}：{size} 条，已签名 {integrated}，待签名 {pending}",
        "{writer}: {size} entries, {integrated} integrated, {pending} pending",
    ),
    "erased": Bilingual("，已删文本 {count}", ", {count} texts erased"),
    "pruned": Bilingual("，已清理 {count}", ", {count} pruned"),
    "unanswered": Bilingual(
        "{count} 个请求收到后没有结束记录（崩溃）",
        "{count} requests were received and have no recorded end (a crash)",
    ),
    "own-key": Bilingual(
        "用日志旁边的公钥校验；审计人员应使用另外保存的公钥（--key）",
        "checked with the key beside the log; an auditor brings one kept elsewhere (--key)",
    ),
    "verifies": Bilingual("日志校验通过", "the log verifies"),
    "fails": Bilingual(
        "日志校验不通过：{count} 个问题", "THE LOG DOES NOT VERIFY: {count} problems"
    ),
    "export": Bilingual(
        "{records} 条记录：{proven} 条已证明，{pending} 条待签名；其间有 {gaps} 条不在这个导出里",
        "{records} records: {proven} proven, {pending} pending;"
        " {gaps} entries of the log between them are not in this export",
    ),
    "export-verifies": Bilingual("导出校验通过", "the export verifies"),
    "export-fails": Bilingual("导出校验不通过", "THE EXPORT DOES NOT VERIFY"),
    "no-record": Bilingual("没有请求 {id} 的记录", "no record of request {id}"),
    "no-hit": Bilingual("没有符合条件的记录", "no record fits"),
    "no-hit-text": Bilingual(
        "没有符合条件的记录；策略只保存哈希（audit: {{level: metadata}}）时，文字搜不到",
        "no record fits; no text is found where the policy keeps hashes only "
        "(audit: {{level: metadata}})",
    ),
    "no-text": Bilingual(
        "没有保存文字：策略的 audit level 没有要求，或已删除",
        "no text is kept: the policy's audit level does not ask for it, or it was erased",
    ),
    "exported": Bilingual(
        "{records} 条记录（{proven} 条已证明），在 {folder}",
        "{records} records ({proven} proven) in {folder}",
    ),
    "delivered": Bilingual("{count} 条记录已交给收集器", "{count} records to the collector"),
    "keys-destroyed": Bilingual("销毁 {count} 个密钥", "{count} keys destroyed"),
    "records-erased": Bilingual("删除 {count} 条记录的文字", "{count} records erased"),
    "hold": Bilingual(
        "{id} {name} {value}，自 {since}：{reason}", "{id} {name} {value} since {since}: {reason}"
    ),
    "no-hold": Bilingual("没有法律保留", "no legal hold"),
    "retained": Bilingual(
        "删除 {texts} 段文字，清理 {pruned} 条记录",
        "{texts} texts erased, {pruned} records pruned",
    ),
    "kept": Bilingual(
        "删除 {texts} 段文字，清理 {pruned} 条记录，导出 {days} 天",
        "{texts} texts erased, {pruned} records pruned, {days} days exported",
    ),
    "kept-already": Bilingual(
        "今天的维护已经做过，或另一个进程正在做",
        "today's upkeep is done, or another process is at it",
    ),
    "backed-up": Bilingual(
        "{records} 条记录、{texts} 段文字，在 {file}", "{records} records, {texts} texts in {file}"
    ),
    "restored": Bilingual(
        "恢复了 {records} 条记录、{texts} 段文字", "{records} records, {texts} texts restored"
    ),
    "restored-fails": Bilingual(
        "日志校验不通过：见 `threegate audit verify`",
        "IT DOES NOT VERIFY: see `threegate audit verify`",
    ),
    "integrated": Bilingual("已签名", "integrated"),
    "pending": Bilingual("待签名", "pending"),
}


def line(code: str, language: str, /, **details: object) -> str:
    return LINES[code].get(language).format_map(details)


def filled(entry: Bilingual, details: Mapping[str, object]) -> Bilingual:
    return Bilingual(entry.zh.format_map(details), entry.en.format_map(details))
