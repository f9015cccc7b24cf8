"""Secrets where programs are called: options of command lines, SQL, arguments of functions, headers.

What stands between the program's name and the value is bounded, and nothing behind the value
decides.
"""

# ruff: noqa: E501 (a table reads better with one rule a line)
from __future__ import annotations

from dataclasses import replace

from threegate.detectors.base import Example
from threegate.detectors.secrets.engine import AWS, CONNECTION, KEY, PASSWORD, SecretRule
from threegate.detectors.secrets.shapes import ALNUM, BASE64, HEX, sample
from threegate.types import Bilingual

PW = "Rk7vTq2mXz"
_TOKEN = sample(ALNUM, 32)

_SIGNS = r"!#-&(-+\-./0-;=?-_a-~"
QUOTE = "[\"']"
_V = rf"(?P<value>[{_SIGNS}]{{6,64}})"
REST = r"[^\n|;&]{0,40}?\s"
"""Other options of the same command."""
LETTERS = r"|^[A-Za-z]+$"
_NO_NAME = LETTERS + r"|(?-i:^[a-z0-9_\-./]+$)"
NO_VALUE = r"(?i)^[$\-%{\[(]|^/[a-z]+$|(?-i:^[a-z]+$|^[A-Z]+$)|pass(?:word|wd)$|^[0-9.:]+$"


def command(
    id: str,
    zh: str,
    en: str,
    keywords: str,
    pattern: str,
    *examples: Example,
    allow: str = "",
    quote: str = QUOTE + "?",
) -> SecretRule:
    return SecretRule(
        id, PASSWORD, Bilingual(zh, en), tuple(keywords.split()), pattern + quote + _V, 2.0,
        allow=NO_VALUE + allow, examples=examples, plain=True,
    )  # fmt: skip


def true(text: str) -> Example:
    return Example(text, (PW,))


_RULES: tuple[SecretRule, ...] = (
    command("sshpass", "sshpass 中的密码", "Password of sshpass", "sshpass", r"\bsshpass\s{1,3}-p\s{0,2}", true(f"sshpass -p '{PW}' ssh root@db"), Example("sshpass -p $SSH_PASS ssh root@db")),
    command("mysql_option", "MySQL 命令中的密码", "Password of a MySQL command", "mysql mariadb", rf"\b(?:mysql|mariadb)(?:-?dump|admin|import)?\b{REST}-p", true(f"mysqldump -h db -u root -p{PW} shop"), Example("mysql -h db -u root -p shopdb1")),
    command("login_option", "登录命令中的密码", "Password of a login command", "login", rf"\b(?:docker|podman|nerdctl|helm|oras|az|crane|skopeo|buildah|oc|cf|mc)\s[^\n|;&]{{0,10}}\blogin\b{REST}(?:-p|--password)[ =]", true(f"docker login -u bob -p {PW} registry.example.cn"), Example("docker login -u bob --password-stdin registry2.example.cn")),
    command("redis_option", "Redis 命令中的密码", "Password of a Redis command", "redis-cli", rf"\bredis-cli\b{REST}(?:-a|--pass)\s", true(f"redis-cli -h cache -a {PW} ping")),
    command("archive_option", "压缩命令中的密码", "Password of an archive", "zip 7z rar", rf"\b(?:(?:un)?zip\b{REST}-P\s{{0,2}}|(?:7za?|(?:un)?rar)\b{REST}-h?p)", true(f"zip -r -P {PW} out.zip docs"), true(f"7z x a.7z -p{PW}")),
    command("openssl_option", "OpenSSL 命令中的密码", "Password of an OpenSSL command", "openssl", rf"\bopenssl\b{REST}(?:-[kK]\s|-pass(?:in|out)?\s[\"']?pass:)", true(f"openssl enc -aes-256-cbc -k {PW} -in a"), true(f"openssl rsa -in k.pem -passin pass:{PW}")),
    command("htpasswd_option", "htpasswd 中的密码", "Password of htpasswd", "htpasswd", r"\bhtpasswd\s(?:-\w{1,4}\s){0,2}-\w{0,4}b\w{0,4}\s(?:-\w{1,4}\s){0,2}(?:[\w./\-]{1,24}\s)?[\w.@\-]{1,16}\s", true(f"htpasswd -b -c .htpasswd bob {PW}")),
    command("net_user", "net user 中的密码", "Password of net user", "net", r"(?i)\bnet\s{1,2}user\s{1,2}[\w.\-]{1,24}\s{1,2}", true(f"net user administrator {PW} /add"), Example("net user administrator /domain")),
    command("user_percent", "Samba 命令中的密码", "Password of a Samba command", "-u", r"\s-U\s?[\"']?[\w.\\/\-]{1,30}%", true(f"smbclient //srv/share -U bob%{PW}")),
    command("identified_by", "SQL 语句中的密码", "Password in SQL", "identified", r"(?i)\bidentified\s{1,2}(?:with\s{1,2}[\"'`]?\w{1,24}[\"'`]?\s{1,2})?by\s{1,2}(?:password\s{1,2})?", true(f"CREATE USER 'a'@'%' IDENTIFIED BY '{PW}';"), Example("identified by 'their own name'"), quote=QUOTE),
    command("requirepass", "Redis 设置中的密码", "Password of a Redis server", "requirepass masterauth", r"(?i)\b(?:requirepass|masterauth)\s{1,3}", true(f"config set requirepass {PW}"), Example("# requirepass foobared")),
    command(
        "credential_pair", "调用中的用户名与密码", "User and password as arguments", "auth credential login(",
        r"(?i)(?:\bauth\s?=\s?|(?:Basic_?Auth|Credentials?|PasswordAuthentication|\.login))\(\s{0,2}[\"'][^\"'\n]{1,32}[\"'],\s{0,3}",
        true(f'requests.get(url, auth=("admin", "{PW}"))'), true(f'new NetworkCredential("svc", "{PW}")'), Example("auth=('user', 'password')"), quote=QUOTE, allow=LETTERS,
    ),
    command(
        "password_argument", "作为参数给出的密码", "Password as an argument", "password passwd pwd",
        r"(?i)\(\s{0,2}[\"'][\w.\-]{0,24}(?:password|passwd|pwd)[\"']\s{0,2},\s{0,2}",
        true(f"define('DB_PASSWORD', '{PW}');"), true(f'props.setProperty("mail.smtp.password", "{PW}")'), Example('t.string("password", "varchar_255")'), Example('check("password", pwInput2)'), quote=QUOTE, allow=_NO_NAME,
    ),
    command(
        "user_slash_password", "账号/密码", "User and password with a slash", "credential creds login sqlplus u/p user/pass username/pass 账号 账户 帐号 用户名 账密",
        r"(?i)(?:\b(?:credentials?|creds|logins?|u/p\b|user(?:name)?/pass(?:word)?)|sqlplus\s|(?:账号|账户|帐号|用户名)[\x{4e00}-\x{9fff}]{0,4}(?:[/、]密码)?|账密)\s?(?:is|are|was|were|:|：|=|是|为)?\s?[A-Za-z0-9_.@\-]{2,32}\s?[/／]\s?",
        true(f"Credentials: admin / {PW}"), true(f"the old login was root/{PW}"), true(f"测试账号：tester/{PW}"), true(f"u/p: kim/{PW}"), true(f"用户名/密码：kim/{PW}"), Example("login: home/profile2"), Example("credentials: s3/bucket-12/key"), allow=_NO_NAME,
    ),
    SecretRule(
        "oracle_thin", CONNECTION, Bilingual("Oracle 连接串", "Oracle URL with a password"), ("jdbc:oracle",),
        r"(?i)\bjdbc:oracle:(?:thin|oci8?):[\w$#.\-]{1,30}/(?P<value>[^\s@/\"'`,<>]{3,64})@", 1.5, allow=NO_VALUE,
        examples=(Example(f"jdbc:oracle:thin:scott/{PW}@//db:1521/ORCL", (PW,)), Example("jdbc:oracle:thin:@//db:1521/ORCL")),
    ),
    SecretRule(
        "aws_configure", AWS, Bilingual("AWS 命令中的密钥", "Key of an AWS command"), ("aws_secret_access_key", "aws_session_token"),
        rf"\baws_(?:secret_access_key|session_token)\s{{1,2}}(?P<value>[{BASE64}]{{40,}}={{0,2}})", 4.0,
        examples=(Example(f"aws configure set aws_secret_access_key {sample(ALNUM, 40)}", (sample(ALNUM, 40),)),),
    ),
    SecretRule(
        "authorization", KEY, Bilingual("请求头中的令牌", "Token in a header"), ("authorization",),
        r"(?i)\bauthorization[\"'\]\\]{0,4}\s{0,2}[:=,]\s{0,2}[\"'\\]{0,4}(?:token|api-?key|key|ssws|bot|splunk|genie-?key)[ =]{1,2}(?P<value>[A-Za-z0-9_=~@.+/\-]{16,})", 3.0, allow=r"^[A-Za-z_\-.]+$",
        examples=(Example(f'headers={{"Authorization": "Token {sample(HEX, 40)}"}}', (sample(HEX, 40),)), Example("Authorization: Token authentication_required")),
    ),
    SecretRule(
        "session_cookie", KEY, Bilingual("会话 Cookie", "Session cookie"), ("sess", "connect.sid", "cookie:"),
        r"(?i)\b(?:(?:php|j|asp(?:\.net)?_?)?sess(?:ion)?[_\-]?id|connect\.sid|[a-z]{2,16}_session|cookie:[^\n]{0,40}?[ ;](?:s?sid|auth|sess))=(?P<value>[A-Za-z0-9%._\-+/=]{16,})", 3.0, allow=r"^[A-Za-z_\-.]+$|^[0-9]+$",
        examples=(Example(f"Cookie: lang=zh; sessionid={_TOKEN}", (_TOKEN,)), Example(f"Set-Cookie: sid={_TOKEN}; HttpOnly", (_TOKEN,)), Example("sessionid=your-session-id-here")),
    ),
    command("directory_option", "目录、消息与远程桌面命令中的密码", "Password of a directory, message or desktop command", "ldap ssh-keygen mosquitto snmp freerdp", rf"\b(?:ldap\w{{3,8}}\b{REST}-w\s|ssh-keygen\b{REST}-N\s|mosquitto_\w{{2,4}}\b{REST}-P\s|snmp\w{{2,10}}\b{REST}-[AX]\s|x?freerdp\d?\b{REST}/p:)", true(f"ldapsearch -D cn=admin -w {PW} -b dc=x"), true(f"ssh-keygen -t ed25519 -N '{PW}' -f id"), true(f"xfreerdp /v:db /u:admin /p:{PW}")),
    command("auth_option", "HTTP 命令中的密码", "Password of an HTTP command", "--auth", r"\s--auth[ =][\"']?[\w.@\-]{1,32}:", true(f"http --auth bob:{PW} https://api.x.io"), quote=""),
    command("router", "网络设备设置中的密码", "Password of a network device", "secret password community psk", r"(?i)\b(?:(?:enable|username\s[\w.\-]{1,20}(?:\sprivilege\s[0-9]{1,2})?)\s(?:secret|password)\s(?:[0-9]\s)?|snmp-server\scommunity\s|psk\s?=\s?)", true(f"enable secret {PW}"), true(f"username admin privilege 15 password 0 {PW}"), true(f'psk="{PW}"'), Example("enable secret rotation")),
    command("pgpass", "pgpass 文件中的密码", "Password in a pgpass file", ":*: :5432:", r"[\w.*\-]{1,30}:(?:5432:[\w.*\-]{1,16}|(?:[0-9]{4,5}|\*):\*):[\w.\-]{1,16}:", true(f"db.corp:5432:*:app:{PW}"), quote=""),
    command("secure_string", "PowerShell 中的密码", "Password in PowerShell", "securestring", r"(?i)\bConvertTo-SecureString\s(?:-String\s)?", true(f'ConvertTo-SecureString "{PW}" -AsPlainText -Force'), quote=QUOTE),
    command("host_user_password", "主机、用户与密码作为参数", "Host, user and password as arguments", "mysqli mysql_connect wifi.begin", r"(?i)\b(?:(?:mysqli(?:_connect)?|mysql_connect)\(\s?[\"'][^\"'\n]{0,24}[\"'],\s?[\"'][^\"'\n]{1,16}[\"'],\s?|WiFi\.begin\(\s?[\"'][^\"'\n]{1,32}[\"'],\s?)", true(f'new mysqli("localhost", "root", "{PW}", "db")'), true(f'WiFi.begin("home", "{PW}");'), quote=QUOTE, allow=LETTERS),
    SecretRule(
        "key_beside", KEY, Bilingual("名称旁的密钥", "Key beside its name"), ("key", "secret", "token"),
        r"(?i)(?:api|access|secret|client|auth|private|service|bot)[_\- ]?(?:access[_\- ]?)?(?:key|secret|token)[\x{4e00}-\x{9fff}]{0,4}[ \t]{1,3}[\"'`]?(?P<value>[A-Za-z0-9_\-/+=]{24,})", 3.6,
        allow=r"^[A-Za-z_\-/]+$|^[0-9]+$|^(?:[A-Za-z]+[_\-/])+|^(?:[A-Z]?[a-z]{2,}[0-9]{0,3})+$",
        examples=(Example(f"ENV API_TOKEN {_TOKEN}", (_TOKEN,)), Example(f'#define API_TOKEN "{_TOKEN}"', (_TOKEN,)), Example("the access token authentication_middleware_v2_handler")),
        not_after="(",
    ),
    SecretRule(
        "key_call", KEY, Bilingual("设置密钥的调用", "Key given to a call"), ("key(", "secret(", "token(", "jwt.", "createhmac"),
        r"(?i)(?:(?:api_?|set_?|access_?|auth_?|private_?)(?:key|secret|token)\(\s{0,2}|\bjwt\.(?:sign|verify|encode|decode)\([\w.{}: ]{1,24},\s?|createHmac\(\s?[\"'][\w\-]{3,10}[\"'],\s?)[\"'](?P<value>[A-Za-z0-9_\-./+=~]{16,})", 3.3,
        allow=r"^[A-Za-z_\-./]+$|^https?:|^(?:[a-z]+[0-9]{0,2}[._\-])+[a-z0-9]+$",
        examples=(Example(f'api.setApiKey("{_TOKEN}")', (_TOKEN,)), Example(f'crypto.createHmac("sha256", "{_TOKEN}")', (_TOKEN,)), Example('setToken("user_session_v2_name")')),
    ),
    SecretRule(
        "php_define", KEY, Bilingual("PHP 常量中的密钥", "Key in a constant of PHP"), ("define(",),
        rf"(?i)\bdefine\(\s{{0,2}}[\"']\w{{0,24}}(?:key|salt|secret|token)[\"']\s{{0,2}},\s{{0,3}}[\"'](?P<value>[{_SIGNS}]{{20,80}})", 3.5,
        allow=r"^[A-Za-z_\-./ ]+$|put your unique phrase|^https?:",
        examples=(Example("define('AUTH_KEY', 'x|7!mQ{b9Wf#2kLp=Zt4');", ("x|7!mQ{b9Wf#2kLp=Zt4",)), Example("define('CACHE_KEY', 'the key of all pages in it');")),
        not_after=" <>\\\\", plain=True,
    ),
    SecretRule(
        "docker_config", KEY, Bilingual("镜像仓库凭证", "Registry credentials"), (".dockerconfigjson",),
        rf"\.dockerconfigjson[\"']?\s?[:=]\s{{0,3}}[\"']?(?P<value>[{BASE64}]{{40,}}={{0,2}})", 3.5,
        examples=(Example(f".dockerconfigjson: {sample(ALNUM, 64)}", (sample(ALNUM, 64),)),),
    ),
)  # fmt: skip

RULES = tuple(replace(rule, rank=91) for rule in _RULES)
"""A provider's own rule says more of the same value."""
