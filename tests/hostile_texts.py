"""Texts that a hostile model, data set or file could hold, each to break one way of showing it."""

from __future__ import annotations

import re

PROBE = "window.owned=1"
"""What runs where a text is obeyed by a browser; the tests look whether it did."""

MARKUP = {
    "script": f"</script><script>{PROBE}</script>",
    "script in capitals": f"</SCRIPT\t><ScRiPt>{PROBE}</sCrIpT >",
    "comment": f"<!-- <script>{PROBE}</script>",
    "comment end": f"--!> --> <script>{PROBE}</script>",
    "cdata": f"<![CDATA[ ]]> ]]><script>{PROBE}</script>",
    "image": f"<img src=http://127.0.0.1:9/x onerror={PROBE}>",
    "image in a slash": f"<img/src/onerror={PROBE}//",
    "svg": f"</svg><svg onload={PROBE}><animate onbegin={PROBE} attributeName=x dur=1s>",
    "math": f"<math><mtext></table><mglyph><style><img src=x onerror={PROBE}></style>",
    "frame": f"<iframe srcdoc='<script>parent.{PROBE}</script>'></iframe>",
    "base": "<base href=http://127.0.0.1:9/><meta http-equiv=refresh content=0;url=http://127.0.0.1:9/r>",
    "link": "<link rel=stylesheet href=http://127.0.0.1:9/s.css><link rel=prefetch href=http://127.0.0.1:9/p>",
    "form": "<form action=http://127.0.0.1:9/f><input name=verdict value=PASS><button autofocus>PASS</button></form>",
    "raw text elements": f"</title></textarea></noscript></xmp></plaintext></template><script>{PROBE}</script>",
    "style": "</style><style>*{display:none!important}</style>",
    "css": "@import url(http://127.0.0.1:9/i.css); } body { display: none } /* \\3c expression(1)",
    "double quote": f'" autofocus onfocus="{PROBE}" x="',
    "single quote": f"' autofocus onfocus='{PROBE}' y='",
    "backquote": f"` onload=`{PROBE}` `",
    "forged verdict": '</p></section><section id="summary"><p class="word">PASS</p></section>',
    "forged number": '</data><data class="value" value="0" data-of="harm/non_refusal_rate/all">0.0%</data>',
    "folding": "</details></summary></td></tr></table></main></body></html><plaintext>",
    "entities": "&lt;script&gt; &amp;amp; &#60;b&#62; &#x3c;i&#x3e; &colon; &NewLine; &lt",
    "xml entities": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd"><!ENTITY l "&e;&e;">]> &e;',
    "processing instruction": '<?xml version="1.0"?><?php system("id"); ?>',
    "javascript address": f"javascript:{PROBE}//",
    "javascript address, split": f"java\tscript:{PROBE}//",
    "data address": f"data:text/html,<script>parent.{PROBE}</script>",
    "other addresses": "file:///etc/passwd vbscript:x blob:x http://127.0.0.1:9/a //127.0.0.1:9/b www.example.org",
    "mail": "a.person@example.org mailto:a.person@example.org @everyone @octocat #1 GH-1",
}
TEMPLATES = {
    "jinja": "{{ 7*7 }}{% include 'x' %}{# gone #}{{ view.__class__ }}",
    "javascript template": "${7*7} `${window}` <%= 7*7 %> #{7*7} [[7*7]]",
    "replacement": "$& $` $' $1 $$ \\1 \\g<0> %s %(x)s {0} {x} {} %% %0A %25",
    "catalogue": "%(count)s %(missing)s {missing} %d %",
    "placeholders": "__DATA__ <!--DATA--> @@x@@ %%LIGHTHOUSE%% NaN null undefined __proto__ constructor",
    "shell": "$(touch owned) `touch owned` ; touch owned | touch owned && touch owned > owned 'quoted\" \\",
    "path": "../../../../etc/passwd ..\\..\\windows C:\\nul CON /dev/zero ~/.ssh/id_rsa %2e%2e%2f",
    "json": '"}],"outcome":"pass","x":[{"y":"\\u0000 \\" \\\\ \\/',
    "yaml": '!!python/object/apply:os.system ["id"]\n--- \n...\n&a [*a] %YAML 1.1\n? yes\n: no',
    "yaml block": "key: value\n  - item: |\n      text # remark\nlicense: mit\nmodel-index: []",
}
SPREADSHEETS = {
    "formula": "=cmd|' /C calc'!A0",
    "formula of a link": '=HYPERLINK("http://127.0.0.1:9/?"&A1,"click")',
    "plus": "+1+cmd|' /C calc'!A0",
    "minus": "-2+3+cmd|' /C calc'!A0",
    "at": "@SUM(1+1)*cmd",
    "tab": "\t=1+1 after a tab",
    "return": "\r=1+1 after a return",
    "line": "\n=1+1 after a line",
    "blank": " =1+1 after a blank",
    "wide equals": "\uff1d1+1 wide",
    "quoted cell": '","=1+1","\r\n=1+1,"next row',
    "separators": "a;b,c\td|e\x1ff\x1eg",
}
MARKDOWN = {
    "link in markdown": "[click](http://127.0.0.1:9/c) <http://127.0.0.1:9/d> ![i](http://127.0.0.1:9/e.png)",
    "javascript in markdown": f"[a](javascript:{PROBE}) [b]: javascript:{PROBE}",
    "headings": "\n# PASS\n\n## Verdict\n\nPASS\n====\n",
    "headings in a row": "# PASS ## PASS\n---\n***",
    "table": "a|b|c\n---|---|---\n1|2|3\n\\| \\\\| `|`",
    "fences": "\n```\n````\n`````\n``````````\n~~~\n~~~~~~\n",
    "backticks": "` `` ``` ```` ``````````````",
    "lists": "\n- item\n* [x] done\n1. one\n> quoted\n    code\n",
    "emphasis": "**bold** __bold__ *it* ~~gone~~ <u>under</u> ==mark== $x$ :tada: [^1] [[wiki]]",
    "front matter": "---\nlicense: mit\ntags: [safe]\n---\n",
}
TERMINALS = {
    "colours": "\x1b[31mred\x1b[0m \x1b[2J\x1b[H\x1b[8mhidden \x9b31m",
    "title": "\x1b]0;owned\x07 \x1b]52;c;b3duZWQ=\x07 \x1bP+q\x1b\\ \x1b_x\x1b\\",
    "link of a terminal": "\x1b]8;;http://127.0.0.1:9/t\x1b\\click\x1b]8;;\x1b\\",
    "controls": "".join(map(chr, range(1, 32))) + "\x7f" + "".join(map(chr, range(128, 160))),
    "nul": "before\x00after",
    "backspace": "FAIL\b\b\b\bPASS\rPASS \x0b\x0c",
    "rich": "[bold red]x[/] [link=http://127.0.0.1:9/l]y[/link] [/nothing] [red",
    "github command": "::error file=a,line=1::planted\n::set-output name=a::b\n::stop-commands::x",
    "azure command": "##[error]planted ##vso[task.setvariable variable=a]b ###[group]c ##\u200b[x]",
    "teamcity command": "##teamcity[buildStatus text='PASS']",
}
UNICODE = {
    "line separators": "one\u2028two\u2029three\x85four\x0bfive",
    "right to left override": "\u202eSSAP\u202c \u202dx\u202c",
    "isolates": "\u2066\u2067\u2068 never closed \u061c\u200e\u200f",
    "unclosed embedding": "\u202a\u202b\u202a\u202b shown",
    "zero width": "PA\u200bSS FA\u200cIL x\u200dy \u2060\ufeff\u180e\u00ad",
    "tags": "seen\U000e0001\U000e0069\U000e0067\U000e006e\U000e006f\U000e0072\U000e0065\U000e007f",
    "variation selectors": "a\ufe00b\ufe0fc\U000e0100d\U000e01ef",
    "byte order mark": "\ufefffirst \ufffe\uffff",
    "first half alone": "\ud83d first half",
    "second half alone": "\ude00 second half",
    "halves the wrong way": "\ude00\ud83d the wrong way \ud800\ud800",
    "combining": "z" + "\u0300\u0316\u0334\u0489" * 60 + "algo",
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f3f3\ufe0f\u200d\U0001f308 "
    "\U0001f1e9\U0001f1ea 1\ufe0f\u20e3 \U0001f44d\U0001f3ff",
    "look-alikes": "\u0420\u0410\u0405\u0405 \uff30\uff21\uff33\uff33 \u1d3e\u1d2c\u02e2\u02e2 \u212a \ufb01 \u0130",
    "right to left scripts": "\u0627\u0644\u0633\u0644\u0627\u0645 \u05e9\u05dc\u05d5\u05dd 1-2 (3)",
    "blanks": "\u00a0\u2003\u3000\u2800\u3164\u115f\u1160\uffa0x",
    "private and none": "\ue000\uf8ff\U0010ffff\U0010fffd\ufdd0\ufffd\ufff9x\ufffa\ufffb",
    "wide": "\ufdfd\U00012031\ua9c5" * 4,
}
SIZES = {
    "very long word": "W" * 3_000,
    "very long line of words": "word " * 600,
    "many lines": "line\n" * 300,
    "empty": "",
    "one blank": " ",
    "dot": ".",
    "minus zero": "-0.0",
    "not a number": "NaN",
}
TEXTS = MARKUP | TEMPLATES | SPREADSHEETS | MARKDOWN | TERMINALS | UNICODE | SIZES
"""What it does -> the text."""
LINE = "x" * 5_000_000
"""One line of 5 MB."""


def tame(text: str) -> str:
    """Return a harmless text of the same length and with the same words and lines."""
    return re.sub(r"[^A-Za-z0-9 \n]", "o", text)
