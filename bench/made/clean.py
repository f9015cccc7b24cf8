"""Ordinary paragraphs without anybody's data: news, code, logs, maths, recipes, manuals."""

# ruff: noqa: E501 (a paragraph reads better in one line)
from __future__ import annotations

from random import Random

from bench.made.near import filled

_TEXTS = {
    "zh": (
        "国家统计局{d1}月发布数据，上半年国内生产总值{d6}亿元，同比增长{d1}.{d1}%。其中第一产业增加值{d5}亿元，第二产业{d6}亿元，第三产业{d6}亿元。发言人表示，外部环境更趋复杂，但积极因素也在累积。",
        "列车于{d2}点{d2}分从北京南站出发，途经济南、徐州、蚌埠，全程{d4}公里，约需{d1}小时。车厢里坐着{d3}名乘客，乘务员推着小车卖{d2}元一份的盒饭。",
        "红烧排骨的做法：排骨{d3}克，冰糖{d2}克，生抽{d2}毫升，老抽{d1}毫升，八角2个。先焯水{d1}分钟，再小火炖{d2}分钟，最后大火收汁。",
        "设函数f(x)=x^3-{d2}x+{d2}，求导得f'(x)=3x^2-{d2}，令其为零，x=±√{d2}/3。代入{d1}.{d4}检验，误差小于10^-6。当n={d4}时，级数的部分和约为{d1}.{d8}。",
        "第三章 安全管理。第{d2}条 本单位应当建立健全数据分类分级制度。第{d2}条 处理个人信息应当遵循合法、正当、必要和诚信原则，公开处理规则。第{d2}条 口令长度不少于8位，每90天更换一次。",
        "本次比赛共有{d3}支队伍参加，决赛在{d1}月{d2}日举行。中国队以{d1}:{d1}战胜对手，现场观众{d5}人，收视率{d1}.{d2}%。主教练赛后说，年轻球员需要更多机会。",
        "2024-05-12 10:{d2}:01,{d3} INFO [main] o.s.b.w.e.tomcat.TomcatWebServer : Tomcat started on port(s): 8080 (http)\n2024-05-12 10:{d2}:02,{d3} WARN [pool-1] 重试第{d1}次，耗时{d4}ms，队列长度{d3}\n2024-05-12 10:{d2}:05,{d3} ERROR [pool-1] 连接被重置，错误码{d5}",
        "def 平均值(数列):\n    总和 = 0\n    for 数 in 数列:\n        总和 += 数\n    return 总和 / len(数列)\n\nprint(平均值([{d2}, {d3}, {d4}]))  # 结果约为{d3}.{d2}",
        "SELECT city, COUNT(*) AS n FROM orders WHERE amount > {d4} AND created_at >= '2024-01-01' GROUP BY city HAVING n > {d2} ORDER BY n DESC LIMIT {d2};",
        "春江潮水连海平，海上明月共潮生。滟滟随波千万里，何处春江无月明。江流宛转绕芳甸，月照花林皆似霰。空里流霜不觉飞，汀上白沙看不见。",
        "会议纪要：一、通过了{d4}年度预算，总额{d3}万元；二、确定由市场部牵头，{d1}月底前完成方案；三、技术部反馈，接口平均响应{d3}毫秒，峰值{d4}次每秒；四、下次例会定于周三下午{d1}点，地点在{d1}楼会议室。",
        "酒店位于市中心，步行{d2}分钟可到地铁站。标准间{d3}元一晚，含双早；入住时间14:00，退房时间12:00。停车场有{d3}个车位，高{d1}.{d1}米限行。",
    ),
    "en": (
        "The central bank left its rate at {d1}.{d2}% on Thursday, citing slower growth of {d1}.{d1}% in the second quarter. Analysts at three banks had expected a cut of {d2} basis points. The index closed {d3}.{d2} points lower at {d5}.{d2}.",
        "Let n = {d3}. Then n^2 = {d6} and the sum of the first n integers is n(n+1)/2 = {d5}. The series converges to {d1}.{d8}, which agrees with the numerical value {d1}.{d10} to six places.",
        "import math\n\ndef area(radius: float) -> float:\n    return math.pi * radius ** 2\n\nassert abs(area({d2}) - {d4}.{d4}) < 1e-3\nprint([area(r) for r in range({d2}, {d3}, {d1})])",
        "2024-05-12T10:{d2}:01.{d3}Z INFO  worker-{d2} processed {d5} rows in {d4} ms (heap {d3} MB)\n2024-05-12T10:{d2}:02.{d3}Z WARN  worker-{d2} retry {d1}/5 after timeout of {d4} ms\n2024-05-12T10:{d2}:09.{d3}Z ERROR exit code {d3}, signal {d2}, pid {d5}",
        "Preheat the oven to {d3} degrees. Mix {d3} g of flour with {d2} g of butter, add {d1} eggs and {d3} ml of milk, and bake for {d2} minutes. Serves {d1}; about {d3} kcal a portion.",
        "The museum opens at 10 and closes at 18; tickets are {d2} euros, {d1} for students. Take bus {d2} to the old harbour, walk {d3} metres along the quay, and turn left at the lighthouse. It had {d6} visitors in {d4}.",
        "diff --git a/src/app.ts b/src/app.ts\nindex {h7}..{h7} 100644\n--- a/src/app.ts\n+++ b/src/app.ts\n@@ -{d2},7 +{d2},9 @@ export function run() {\n-  const limit = {d3};\n+  const limit = {d4};\n   return loop(limit);\n }",
        '{"name": "demo", "version": "1.{d2}.{d1}", "dependencies": {"left-pad": "^1.3.{d1}", "react": "18.{d1}.0"}, "scripts": {"test": "vitest run --seed {d6}"}}',
        "Section {d1}. The supplier shall deliver {d4} units within {d2} days. Section {d1}. Passwords must be at least twelve characters long and changed every ninety days. Section {d1}. Either party may end this agreement with {d2} days' notice.",
        "She had walked {d2} miles by noon. The valley lay quiet under the first snow, and the only sound was the river, somewhere below, talking to itself among the stones. At the inn they gave her soup and asked no questions.",
        "Figure {d1} shows the loss over {d5} steps with a learning rate of {d1}e-4 and a batch of {d3}. The model has {d3} million parameters; it reaches {d2}.{d1} on the test set (n = {d4}, p < 0.0{d1}).",
        "Call for papers: abstracts of up to {d3} words by 30 September; notification in week {d2}. The workshop has room for {d2} people. Reg. fee {d3} USD, students {d2} USD. Previous editions drew {d3} submissions.",
    ),
}  # fmt: skip


def text(rng: Random, language: str) -> str:
    return filled(rng, rng.choice(_TEXTS[language]))
