"""Secrets of logins: a user and a password side by side, in shells, calls, lists and talk; keys
right behind a word that names no provider.
"""

# ruff: noqa: E501 (a table reads better with one rule a line)
from __future__ import annotations

from dataclasses import replace

from threegate.detectors.base import Example
from threegate.detectors.secrets.engine import KEY, PASSWORD, SecretRule
from threegate.detectors.secrets.rules.commands import (
    LETTERS,
    NO_VALUE,
    PW,
    QUOTE,
    REST,
    command,
    true,
)
from threegate.detectors.secrets.shapes import ALNUM, HEX, sample
from threegate.types import Bilingual

_TOKEN, _HEX40 = sample(ALNUM, 32), sample(HEX, 40)
_USER = r"[\w.@\-]{1,32}"
_MIX = r"(?P<value>[!#-&(-+\-./0-;=?-_a-~]{6,48})"
_NOT_MIXED = (
    r"^[A-Za-z]+$|^[^A-Za-z]+$|^[A-Za-z]+(?:[.\-_][A-Za-z]+)*[.,;:]?$|/|\.[A-Za-z]{1,4}[0-9]?$|(?i:^(?:oauth|office|windows|saml|fido|v"
    r"|user|admin|server|test|guest|node|ext|room|id|ed|page|sso|mfa|totp)[\-_]?[0-9.]{1,7}$)|^\$"
)
"""Words, numbers, paths, names with a number."""

_RULES: tuple[SecretRule, ...] = (
    command("server_option", "服务器命令中的密码", "Password of a server's command", "sqlcmd osql bcp tsql ipmitool snowsql", rf"\b(?:sqlcmd|osql|bcp|tsql|ipmitool|snowsql)\b{REST}-P\s{{0,2}}", true(f"sqlcmd -S db1 -U sa -P {PW} -Q q"), true(f"ipmitool -H bmc -U ADMIN -P {PW} power on"), Example("sqlcmd -S db1 -U sa -P $SA_PW")),
    command("mongo_option", "数据库命令中的密码", "Password of a database command", "mongo cqlsh clickhouse arangosh cypher-shell sqoop beeline", rf"\b(?:mongo(?:sh|dump|restore|export|import|stat)?|cqlsh|clickhouse-client|arangosh|cypher-shell|sqoop|beeline)\s{REST}(?:-p|--password)[ =]", true(f"mongosh --host db -u root -p {PW} --quiet"), Example("mongosh --host db -u root -p --quiet")),
    command("keystore_option", "密钥库命令中的密码", "Password of a key store's command", "keytool jarsigner", rf"\b(?:keytool|jarsigner)\s{REST}-(?:store|key|deststore|srcstore)pass\s", true(f"keytool -list -keystore k.jks -storepass {PW}"), Example("keytool -list -storepass:env KEY_STORE_PW")),
    SecretRule(
        "net_use", PASSWORD, Bilingual("net use 中的密码", "Password of net use"), ("net",),
        r"(?i)\bnet\s{1,2}use\s[^\n|;&]{0,48}?(?:/user:[\w.\\@\-]{1,40}|\\\\[\w.\-]{1,30}\\[\w.$\-]{1,30})\s{1,2}(?P<value>[!#-&(-+.0-;=?-_a-~][!#-&(-+\-./0-;=?-_a-~]{5,63})", 2.0, allow=NO_VALUE,
        examples=(true(rf"net use Z: \\fs01\pub /user:corp\bob {PW}"), true(rf"net use \\fs01\pub {PW} /user:bob"), Example(r"net use Z: \\fs01\pub /user:corp\bob /persistent:yes")), plain=True,
    ),
    command("minio_alias", "对象存储命令中的密码", "Secret of an object store's command", "mc", rf"\bmc\s{{1,2}}(?:alias\s{{1,2}}set|config\s{{1,2}}host\s{{1,2}}add)\s{{1,2}}\w{{1,20}}\s{{1,2}}[\w:/.\-]{{1,60}}\s{{1,2}}{_USER}\s{{1,2}}", true(f"mc alias set local http://minio:9000 admin {PW}")),
    command("rabbitmqctl", "RabbitMQ 命令中的密码", "Password of a RabbitMQ command", "rabbitmqctl", rf"\brabbitmqctl\s[^\n|;&]{{0,30}}?(?:add_user|change_password|authenticate_user)\s{{1,2}}{_USER}\s{{1,2}}", true(f"rabbitmqctl add_user bob {PW}")),
    SecretRule(
        "oracle_login", PASSWORD, Bilingual("Oracle 命令中的密码", "Password of an Oracle command"), ("sqlplus", "expdp", "impdp", "sqlldr", "rman"),
        r"(?i)\b(?:sqlplus|expdp|impdp|sqlldr|rman\s{1,2}target)\s(?:-\w{1,3}\s){0,2}[\"']?[\w$#.\-]{1,30}/(?P<value>[!#-&(-+\-.0-;=?A-\[\]-_a-~]{4,64})", 2.0, allow=NO_VALUE,
        examples=(true(f"sqlplus -s scott/{PW}@ORCL"), true(f"impdp system/{PW} directory=d"), Example("sqlplus scott/$PASS@ORCL")), rank=92, plain=True,
    ),
    SecretRule(
        "expect_send", PASSWORD, Bilingual("expect 脚本中的密码", "Password in an expect script"), ("assword",),
        r"assword[^\n]{0,12}\n?[^\n]{0,12}\bsend\s{1,2}(?:--\s{1,2})?[\"'](?P<value>[!#-&(-+\-./0-;=?-\[\]-_a-~]{6,64})", 2.0, allow=NO_VALUE,
        examples=(true(f'expect "assword:" {{ send "{PW}\\r" }}'), Example('expect "assword:" { send "$password" }')), plain=True,
    ),
    command(
        "connect_call", "连接调用中的密码", "Password of a call that connects", "getconnection pdo( connect( createconnection ftp_login( imap_open(",
        r"(?i)(?:getConnection|\bPDO|(?:cx_Oracle|oracledb|MySQLdb|pymysql|pymssql|psycopg2)\.connect|createConnection|DBI->connect|odbc_connect|ftp_login|imap_open)\((?:[^\"'\n]{0,40}|[^\n]{0,2}[\"'][^\"'\n]{1,80}[\"']),\s?[\"'][^\"'\n]{1,32}[\"'],\s?",
        true(f'DriverManager.getConnection(url, "bob", "{PW}")'), true(f"new PDO($dsn, 'bob', '{PW}')"), Example('connect("localhost", "user", "password")'), quote=QUOTE, allow=LETTERS,
    ),
    SecretRule(
        "go_dsn", PASSWORD, Bilingual("Go 连接串中的密码", "Password in a connection string of Go"), ("@tcp(", "@unix("),
        r"[\w.\-]{1,32}:(?P<value>[^\s\"'@:/]{4,64})@(?:tcp|unix)\(", 1.5, allow=NO_VALUE,
        examples=(true(f'sql.Open("mysql", "bob:{PW}@tcp(db:3306)/x")'), Example('"bob:%s@tcp(db:3306)/x"')), rank=92, plain=True,
    ),
    SecretRule(
        "identified_bare", PASSWORD, Bilingual("SQL 语句中不带引号的密码", "Password in SQL without quotes"), ("identified",),
        r"(?i)\b(?:user|role|login)\s{1,2}[\"'`]?[\w$.@%\-]{1,40}[\"'`]?\s{1,2}identified\s{1,2}by\s{1,2}(?P<value>[!#-&(-+\-./0-9=?-_a-~]{6,64})", 2.0, allow=NO_VALUE + LETTERS,
        examples=(true(f"ALTER USER bob IDENTIFIED BY {PW};"), Example("create user bob identified by password")), plain=True,
    ),
    command("basic_login", "基本认证的用户与密码", "User and password of basic authentication", "basic", rf"(?i)\bbasic[ \-]auth[a-z]{{0,10}}\s?(?:is|:|=)?\s?[\"'`]?{_USER}:", true(f"Basic auth: bob:{PW}"), quote=""),
    command("device_key", "网络设备的密钥", "Key of a network device", "tacacs radius wpa", r"(?i)\b(?:(?:tacacs|radius)[\w\-]{0,8}\s[^\n]{0,24}?key\s{1,2}|wpa\d?-?psk\s{1,2}(?:ascii\s)?)(?:[0-9]\s)?", true(f"tacacs-server key 7 {PW}"), true(f"wpa-psk ascii 0 {PW}"), Example("radius server host keyring_name"), allow=LETTERS + "|(?i:^[a-z_]+$)"),
    SecretRule(
        "login_with", PASSWORD, Bilingual("登录所用的密码", "Password that one logs in with"), ("login", "log", "sign"),
        rf"(?i)\b(?:log|sign)(?:ged)?[ ]?(?:in|on|into)(?: (?:to|as|on)(?: [\w@.\-]{{1,20}}){{1,3}}?){{1,2}} (?:with|using) {_MIX}", 2.0, allow=_NOT_MIXED,
        examples=(true(f"Log in as root with {PW} and run it."), Example("Log in as admin with OAuth2, or as a guest of the house"), Example("sign in to the site using office365")), plain=True,
    ),
    SecretRule(
        "login_pair", PASSWORD, Bilingual("登录所用的账号与密码", "User and password that one logs in with"), ("login", "log", "sign"),
        rf"(?i)\b(?:log|sign)(?:ged)?[ ]?in:?(?: as| with)? {_USER}:{_MIX}", 2.0, allow=_NOT_MIXED + r"|^[a-z0-9]+$",
        examples=(true(f"login as admin:{PW} on the box"), true(f"login jdoe:{PW}"), Example("login as admin:admin or with https://a.example/b2, login form:input1")), plain=True,
    ),
    SecretRule(
        "user_then_password", PASSWORD, Bilingual("账号后的密码", "A user, a stroke and a password"), ("account", "login", "creds", "credential", "账号", "帐号", "账户", "登录", "登陆"),
        rf"(?:\b(?i:accounts?|logins?|log ?in|creds|credentials?)\b|[账帐][号户]|登[录陆])[^\n/]{{0,16}}(?:\n[^\n/]{{0,12}})?[\s，,:：]{_USER} / {_MIX}", 2.0, allow=_NOT_MIXED + r"|^[a-z0-9]+$",
        examples=(true(f"the guest account?\nMe: guest / {PW}"), true(f"用我的账号登，wangh / {PW}"), Example("login / logout, account and/or user"), Example("account: sales / marketing2")), plain=True,
    ),
    SecretRule(
        "known_user", PASSWORD, Bilingual("常见账号后的密码", "Password behind a well-known user"), ("admin", "root", "sa ", "sys", "postgres", "oracle", "ubuntu", "guest", "user", "test"),
        rf"(?i)(?:^|[^\w/.\-])(?:admin(?:istrator)?|root|sa|sys(?:dba|admin)?|postgres|oracle|ubuntu|guest|user|tester?)\s?[/／|]\s{_MIX}", 2.0, allow=_NOT_MIXED + r"|^[a-z0-9]+$|^[A-Za-z_.]+[^A-Za-z0-9]{0,3}$",
        examples=(true(f"打印机后台 10.0.6.31  admin / {PW}"), true(f"router: root | {PW}"), Example("admin / editor, user / group2, root | grep x1_y")), plain=True,
    ),
    SecretRule(
        "user_beside_password", PASSWORD, Bilingual("并排的账号与密码", "A user and a password side by side"), ("user", "login", "用户", "账号", "帐号", "登录名"),
        rf"(?i)(?:\buser(?:name)?|\blogin|用户名?|[账帐]号|登录名)[:：]?[ ]{{1,2}}{_USER}(?:[ ]{{2,4}}|\t){_MIX}", 2.0, allow=_NOT_MIXED + r"|^[\w.\-]+$|@[\w\-]+\.[A-Za-z]{2}",
        examples=(Example("财务共享盘  用户 fin02  Cw@2026fin02", ("Cw@2026fin02",)), Example("user root  2026-11-27, login bob  bob@mail.example")), plain=True,
    ),
    SecretRule(
        "credentials_beside", PASSWORD, Bilingual("“账密”之后的账号与密码", "A user and a password behind the word credentials"), ("creds", "账密", "账号密码"),
        r"(?i)(?:\bcreds|账密|账号密码)[^\n/0-9]{0,20}[\s:：][\w.@\-]{1,24}[ ]{1,2}" + _MIX, 2.0, allow=_NOT_MIXED + r"|^[a-z0-9\-_.]+$|[,;:]$|^[^0-9]+$",
        examples=(true(f"Creds for the demo: demo@acme.io {PW}"), true(f"账密 kim {PW}"), Example("creds for server prod-2 expired, creds of bob 2026-11-27")), plain=True,
    ),
    SecretRule(
        "headed_line", PASSWORD, Bilingual("标题行下的密码", "A password below a line of headings"), ("password", "passwd", "pwd", "密码", "口令"),
        rf"(?i)(?:^|[^\w.\-])(?:user(?:name)?|login|用户名?|[账帐]号)[ \t]{{1,4}}(?:password|passwd|pwd|密码|口令)[ \t]{{0,2}}\r?\n[ \t]{{0,2}}[\w.@\-]{{1,20}}[ \t]{{1,4}}{_MIX}", 2.0, allow=_NOT_MIXED,
        examples=(Example("账号 密码\nadmin Admin@2026", ("Admin@2026",)), true(f"user  password\nbob   {PW}"), Example("user password\nbob wrong")), plain=True,
    ),
    SecretRule(
        "wifi_code", PASSWORD, Bilingual("无线网络二维码中的密码", "Password in the code of a wireless network"), ("wifi:",),
        r"(?i)\bWIFI:(?:[A-Z]:[^;\n]{0,24};){1,2}P:(?P<value>[!#-&(-+\-./0-:=?-_a-~]{8,63})", 2.0, allow=r"^\{|^<|\*{3}",
        examples=(true(f"WIFI:T:WPA;S:HomeNet;P:{PW};;"), Example("WIFI:T:WPA;S:HomeNet;P:********;;")), plain=True,
    ),
    SecretRule(
        "recovery_code", PASSWORD, Bilingual("恢复代码", "Code of recovery"), ("recovery", "backup code", "bitlocker", "恢复", "备用"),
        r"(?i)(?:(?:recovery|backup) (?:code|key)s?|bitlocker[a-z ]{0,14}|恢复(?:代码|密钥|码)|备用(?:验证)?码)[\s:：=是为]{1,4}(?:is )?(?P<value>[A-Za-z0-9\-]{9,56})", 2.0, allow=r"^[A-Za-z\-]+$|^(?:19|20)[0-9]{2}-|^[^\-]+$|[A-Za-z0-9]{7}|^-|-$|(?:^|-)[A-Za-z0-9]{0,3}-|-[A-Za-z0-9]{1,3}$",
        examples=(Example("2FA backup codes: 8291-3847, 2938", ("8291-3847",)), Example("恢复代码：8f3k-d92m-qp1z", ("8f3k-d92m-qp1z",)), Example("recovery code some-word, backup key 2024-1127")), plain=True,
    ),
    SecretRule(
        "wifi_key", PASSWORD, Bilingual("无线网络的密钥", "Key of a wireless network"), ("wifi", "wi-fi", "ssid", "wlan", "wpa", "hotspot"),
        rf"(?i)\b(?:wi-?fi|ssid|wlan|wpa[23]?|hotspot)[^\n.;]{{0,36}}?\b(?:pass)?key(?: is|:|=| =)\s?[\"']?{_MIX}", 2.0, allow=_NOT_MIXED,
        examples=(true(f"SSID: HomeNet-2G / Key: {PW}"), true(f"The Wi-Fi name is Bluebird and the key is {PW}"), Example("wifi: the key is to restart, ssid key: required")), plain=True,
    ),
    SecretRule(
        "setting_of_secret", PASSWORD, Bilingual("设置里的短口令", "A short secret in settings"), ("_auth", "_secret", "_token", "_cred"),
        r"\b[A-Z][A-Z0-9_]{0,30}_(?:AUTH|SECRET|TOKEN|CREDENTIALS?)[\"']?\s?[=:]\s?[\"']?(?P<value>[!#%-&(-+\-./0-;=?-_a-~]{8,15})", 2.5, allow=_NOT_MIXED + r"|^[\w.\-]*\(|^[a-z]+[0-9]?$|^<|://",
        examples=(Example("REDIS_AUTH=r3d1s-Kunlun", ("r3d1s-Kunlun",)), Example('export APP_SECRET="Kite77!blue"', ("Kite77!blue",)), Example("USE_AUTH=enabled, MAX_TOKEN=4096000000, X_SECRET=${SECRET1}, GIT_TOKEN=os.getenv(T1)")), plain=True, rank=80, not_after="!#%-&(-+\\-./0-;=?-_a-~",
    ),
    SecretRule(
        "address_and_password", PASSWORD, Bilingual("邮箱与密码", "An address and its password"), ("@",),
        rf"@(?:[\w\-]{{1,30}}(?:\.[A-Za-z][\w\-]{{1,14}}){{1,3}}(?::|-{{4}}| / )|[0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}}(?:-{{4}}| / )){_MIX}", 2.0, allow=_NOT_MIXED,
        examples=(true(f"kim@corp.io:{PW}"), true(f"lisa@mail.example----{PW}"), true(f"Netflix: kim@corp.io / {PW}"), Example("git@github.com:acme2/app.git, kim@corp.io:2222"), Example("scp a kim@corp.io:report2.txt"), true(f"ssh pi@192.168.4.9 / {PW}"), Example("ssh pi@192.168.4.9 / raspberry")), plain=True,
    ),
    SecretRule(
        "redis_bare", PASSWORD, Bilingual("没有主机的 Redis 地址中的口令", "Password of a Redis URL without a host"), ("redis://:", "rediss://:"),
        r"\brediss?://:(?P<value>[!#%&(-+\-.0-9;=?A-Z\[\]^_a-z|~]{4,64})", 2.0, allow=r"(?i)^(?:\*{3}|x{4}|(?:pass|password|passwd|pwd|secret)$)",
        examples=(true(f"REDIS=redis://:{PW} 这种写法"), Example("redis://:password, redis://cache:6379")), plain=True,
    ),
    SecretRule(
        "key_named_so", KEY, Bilingual("“密钥”“令牌”之后的值", "A value behind the word token or secret"), ("token", "secret", "密钥", "秘钥", "令牌", "ak", "sk", "key"),
        r"(?i)(?P<no>csrf|xsrf|page|next|sync|continuation|cache|primary|foreign|public|partition|host|idempotency|sort|device|row|store|the|a|max|[a-z]+ing)?[_\- ]{0,2}(?:(?:\b|_)(?:token|secret)|\b(?:my|our|your) key|\b(?:api|app|access)[_\- ]?key|(?-i:\b[AS]K)|密钥|秘钥|令牌)(?:[ \t]?[\x{4e00}-\x{9fff}，]{1,10}(?:新的|换成|改成|现在)[:：是为]{0,2}[ \t]{0,2}|[ \t]{1,3})[\"'`]?(?P<value>[A-Za-z0-9_\-/+=]{24,})", 3.2,
        allow=r"^[^0-9]+$|^[0-9\-]+$|^(?:[A-Za-z]+[_\-/])+|^(?:[A-Z]?[a-z]{2,}[0-9]{0,3})+$|^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}",
        examples=(Example(f"circleci token {_HEX40} still active?", (_HEX40,)), Example(f"密钥 {_TOKEN} 别外传", (_TOKEN,)), Example("APIKey f47c8f026782561587c6f37c6cc4b832", ("f47c8f026782561587c6f37c6cc4b832",)), Example(f"七牛 AK {_TOKEN} SK {_TOKEN}", (_TOKEN, _TOKEN)), Example(f"access_token 过期了，新的：{_TOKEN}", (_TOKEN,)), Example(f"the page token {_TOKEN} leads to the next page of a long list"), Example("secret management_service_v2_production")),
        not_after="(", rank=84,
    ),
)  # fmt: skip

RULES = tuple(replace(rule, rank=91) if rule.rank == 95 else rule for rule in _RULES)
"""A provider's own rule says more of the same value."""
