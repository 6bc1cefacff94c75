# ruff: noqa: RUF001  (letters of other scripts are the subject matter)

import pytest

from parley.channels.email.mime import parse
from tests.channels.email.wire import mail


@pytest.mark.parametrize(
    ("field", "subject"),
    [
        ("=?utf-8?q?caf=C3=A9?= =?utf-8?q?_au_lait?=", "café au lait"),
        ("=?utf-8?b?w6?= =?utf-8?b?k=?=", "é"),
        (
            "=?UTF-8?B?44G+44G/44KA44KB44KC44G+44G?=\r\n =?UTF-8?B?/44KA44KB44KC?=",
            "まみむめもまみむめも",
        ),
        ("=?iso-8859-1?Q?Gr=FC=DFe?= and =?no-such?Q?x=E9y?=", "Grüße and xéy"),
        ("=?utf-8*de?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?b?w6kh?= =?utf-8?b?w6k?=", "é!é"),
        ("=?utf-8?Q?a b c?=", "a b c"),
        ("a =?utf-8?Q?unfinished", "a =?utf-8?Q?unfinished"),
        ("folded\r\n\t  here", "folded here"),
        ("=?gb2312?B?xOO6ww==?=", "你好"),
        ("=?koi8-r?B?8NLJ18XU?=", "Привет"),
        ("=?windows-1250?Q?=C8okol=E1da?=", "Čokoláda"),
    ],
)
def test_subjects_are_decoded_as_meant(field, subject):
    assert parse(mail(f"Subject: {field}")).subject == subject


@pytest.mark.parametrize(
    ("label", "content", "text"),
    [
        ("utf-8", "Grüße".encode("latin-1"), "Grüße"),
        ("iso-8859-1", "“quoted” €".encode("cp1252"), "“quoted” €"),
        ("iso-8859-1", "Grüße".encode(), "Grüße"),
        ("us-ascii", "naïve".encode(), "naïve"),
        ("", "Добрый день, как дела".encode("cp1251"), "Добрый день, как дела"),
        ("", "Добрый день, как дела".encode("koi8-r"), "Добрый день, как дела"),
        ("", "お世話になっております".encode("cp932"), "お世話になっております"),
        ("", "お世話になっております".encode("euc-jp"), "お世話になっております"),
        ("", "お世話になっております".encode("iso-2022-jp"), "お世話になっております"),
        ("", "안녕하세요 문의드립니다".encode("cp949"), "안녕하세요 문의드립니다"),
        ("", "您好，我的订单在哪里".encode("gbk"), "您好，我的订单在哪里"),
        ("", "Příliš žluťoučký kůň".encode("cp1250"), "Příliš žluťoučký kůň"),
        (
            "",
            "Où est ma commande, s'il vous plaît ? Café".encode("cp1252"),
            "Où est ma commande, s'il vous plaît ? Café",
        ),
        ("x-unknown", "Æbleskiver på vej".encode("latin-1"), "Æbleskiver på vej"),
        ("utf-16", "Hej".encode("utf-16"), "Hej"),
        ("ks_c_5601-1987", "똠방각하".encode("cp949"), "똠방각하"),
        ("bad\u0000label", b"plain", "plain"),
        ("utf-8", b"a\x00b", "ab"),
    ],
)
def test_text_is_read_whatever_its_label_says(label, content, text):
    parsed = parse(
        mail(
            f'Content-Type: text/plain; charset="{label}"',
            "Content-Transfer-Encoding: 8bit",
            body=content,
        )
    )
    assert parsed.text == text


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="a.pdf"', "a.pdf"),
        ("attachment; filename=my file.pdf", "my file.pdf"),
        ("attachment; filename*=UTF-8''%E2%82%AC%20rates.pdf", "€ rates.pdf"),
        ("attachment; filename*=iso-8859-1'en'%A3%20rates.pdf", "£ rates.pdf"),
        ("attachment; filename*0*=utf-8''%C4%8D; filename*1*=%C5%A1; filename*2=x.txt", "čšx.txt"),
        ("attachment; filename*1=b.txt; filename*0=a", "ab.txt"),
        ('attachment; filename="=?utf-8?B?w6kudHh0?="', "é.txt"),
        ("attachment; filename=plain.txt; filename*=UTF-8''%C3%A9.txt", "é.txt"),
        ('attachment; filename="..\\\\..\\\\windows\\\\evil.exe"', "evil.exe"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="a\u202egnp.exe"', "agnp.exe"),
        ("attachment; filename*99999999999999999999=a", "application.bin"),
        ("attachment", "application.bin"),
    ],
)
def test_names_of_files_are_found_and_safe(disposition, name):
    part = mail(
        "Content-Type: application/octet-stream", f"Content-Disposition: {disposition}", body=b"x"
    )
    assert [one.name for one in parse(part).attachments] == [name]
