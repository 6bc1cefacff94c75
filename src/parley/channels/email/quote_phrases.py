"""The words with which mail programs of many languages open quoted mail, headers of forwarded mail
and signatures."""

# ruff: noqa: RUF001  (letters of other scripts are the subject matter)

import re

# "On … wrote:" — the words that say "wrote", wherever the language puts them.
_WROTE = (
    "wrote|writes|schrieb|schreef|heeft geschreven|a écrit|escribió|escribi[oó]|escreveu|ha scritto"
    "|skrev|skrifaði"
    "|kirjoitti|napisał|napisała|napisał\\(a\\)|nadesłał|napsal|napsala|napsal\\(a\\)|napísal"
    "|napísala|napísal\\(a\\)"
    "|je napisal|je napisala|je napisal/-a|je napisal\\(a\\)|je oseba .{1,80} napisala|napisao je"
    "|napisala je"
    "|írta|ezt írta|a scris|написа|написал|написала|написал\\(а\\)|писал\\(а\\)|пише|написав|έγραψε"
    "|şunu yazdı|yazdı|rakstīja|kirjutas|parašė|đã viết|menulis|เขียน|كتب|כתב|写道|寫道|のメール"
    "|書きました|작성|님이 작성"
)
WROTE = re.compile(rf"(?<!\w)(?:{_WROTE})(?!\w)|写道|寫道|書きました|작성", re.IGNORECASE)
# How such a line begins: a preposition, a weekday, or the date itself.
ATTRIBUTION_START = re.compile(
    r"""["'*_<(\[]*(?:
        on|am|le|el|il|op|em|den|dne|dňa|dnia|dana|v|u|на|в|στις|a|pe|kl|ngày|pada|tarihinde|hi|
        (?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|mié|jeu|jue|ven|vie|sam|sáb|dim|dom|
        man|tir|tis|ons|tor|fre|lør|lör|søn|sön|pon|tor|sre|čet|pet|sob|ned|po|út|ut|st|št|čt|pá|pi|so|ne|
        wt|śr|czw|pt|nd|пн|вт|ср|чт|пт|сб|вс|нд)[\w.]{0,10}|
        \d{1,4}(?:[./年년-]|\s)
        )[\s,.\d/年월月년-]""",
    re.IGNORECASE | re.VERBOSE,
)
HAS_DATE = re.compile(
    r"\d{1,2}\s?[:.h時点시分]\s?\d{2}|\b(?:19|20)\d{2}\b|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}\s?[年년]",
    re.IGNORECASE,
)
HAS_SENDER = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.")

_ORIGINAL = (
    "original message|reply message|original appointment|ursprüngliche nachricht|originalnachricht"
    "|message d'origine"
    "|message original|messaggio originale|mensaje original|mensagem original|oorspronkelijk bericht"
    "|oprindelig meddelelse|original meddelelse|ursprungligt meddelande|originalmeddelande"
    "|opprinnelig melding"
    "|alkuperäinen viesti|wiadomość oryginalna|oryginalna wiadomość|původní zpráva|pôvodná správa"
    "|izvirno sporočilo"
    "|originalna poruka|izvorna poruka|eredeti üzenet|mesaj original|оригинално съобщение"
    "|исходное сообщение"
    "|оригинальное сообщение|αρχικό μήνυμα|orijinal ileti|元のメッセージ|원본 메시지|原始邮件|原始郵件"
)
ORIGINAL_MESSAGE = re.compile(
    rf"\s*(?:[-_=*]{{2,}}\s*)(?:{_ORIGINAL})\s*(?:[-_=*]{{2,}})?\s*", re.IGNORECASE
)
_FORWARDED = (
    "forwarded message|begin forwarded message|weitergeleitete nachricht"
    "|anfang der weitergeleiteten nachricht"
    "|message transféré|début du message réexpédié|mensaje reenviado|mensagem encaminhada"
    "|messaggio inoltrato"
    "|inizio messaggio inoltrato|doorgestuurd bericht|begin doorgestuurd bericht"
    "|videresendt meddelelse|videresendt besked"
    "|start på videresendt besked|vidarebefordrat meddelande|välitetty viesti|przekazana wiadomość"
    "|přeposlaná zpráva"
    "|preposlaná správa|posredovano sporočilo|proslijeđena poruka|továbbított üzenet"
    "|препратено съобщение"
    "|пересылаемое сообщение|пересылаемое письмо|転送されたメッセージ|전달된 메시지|转发邮件|转发的邮件"
)
FORWARDED_MESSAGE = re.compile(
    rf"[>\s]*(?:[-_=*]{{2,}}\s*)?(?:{_FORWARDED})\s*:?\s*(?:[-_=*]{{2,}})?\s*", re.IGNORECASE
)

_LABELS = {
    "from": "from|von|de|da|van|fra|från|od|lähettäjä|от|από|kimden|feladó|expéditeur|remitente"
    "|mittente|差出人|发件人"
    "|寄件者|보낸 사람|pošiljatelj|відправник",
    "sent": "sent|date|gesendet|datum|envoyé|enviado|enviado el|enviada em|inviato|data|verzonden"
    "|sendt|skickat|lähetetty"
    "|dato|päivämäärä|poslano|odoslané|odesláno|wysłano|dátum|fecha|изпратено|отправлено|дата"
    "|date d'envoi|gönderildi"
    "|tarih|送信日時|日付|日時|发送时间|日期|보낸 날짜|날짜|elküldve|trimis|надіслано|στάλθηκε"
    "|ημερομηνία",
    "to": "to|an|à|para|a|aan|til|till|vastaanottaja|komu|za|do|до|кому|към|προς|kime|címzett"
    "|destinataire|destinatario"
    "|către|宛先|收件人|收件者|받는 사람|prejemnik",
    "cc": "cc|kopie|kopi|kopia|kopija|kópia|копие|копия|kopio|dw|másolatot kap|bilgi|抄送|副本"
    "|참조|κοιν",
    "subject": "subject|betreff|objet|asunto|assunto|oggetto|onderwerp|emne|ämne|aihe|zadeva"
    "|predmet|předmět|temat"
    "|относно|тема|θέμα|konu|tárgy|subiect|件名|主题|主旨|제목",
}
LABELLED = re.compile(
    r"[>\s]*[*_]{0,2}(?:"
    + "|".join(f"(?P<{kind}>{words.replace(' ', chr(92) + 's')})" for kind, words in _LABELS.items())
    + r")\s?[*_]{0,2}\s?[:：][*_]{0,2}(?:\s|$|\S)",
    re.IGNORECASE,
)

SENT_FROM = re.compile(
    r"\s*(?:(?:(?:sent|posted) (?:from|with|via|using) (?!me\b)|get outlook for|gesendet (?:von|mit"
    r"|aus)|von meinem .{2,40} gesendet"
    r"|diese nachricht wurde von meinem|envoyé (?:de|depuis|à partir|avec)|télécharger outlook"
    r"|enviado (?:desde|do|a partir)"
    r"|obtener outlook|inviato da|ottieni outlook|verzonden (?:vanaf|met|vanuit)|outlook voor"
    r"|sendt fra|hent outlook"
    r"|skickat från|hämta outlook|sendt fra min|lähetetty|hanki outlook|wysłan[eo] z"
    r"|pobierz outlook|odesláno (?:z|ze)"
    r"|odoslané (?:z|zo)|poslano (?:iz|z|s)|pridobite outlook|изпратено от|отправлено (?:с|из)"
    r"|надіслано з"
    r"|iphone(?: アプリ)?から送信|iphoneから|从我的.{1,20}发送|發自我的|发自我的"
    r"|내 .{1,20}에서 보냄|나의 .{1,20}에서 보냄)"
    r".{0,120}|.{1,30}から送信)\s*",
    re.IGNORECASE,
)
