"""The meaning of columns in an imported table: guessed by their headings and by the
platform that has written the file, decided by staff."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from core.text.days import plain_word
from core.text.faults import cited


class Column(models.TextChoices):
    EMAIL = "email", gettext_lazy("E-mail address")
    NAME = "name", gettext_lazy("Full name")
    FIRST_NAME = "first_name", gettext_lazy("First name")
    LAST_NAME = "last_name", gettext_lazy("Last name")
    PLACE = "place", gettext_lazy("Place")
    POSTAL_CODE = "postal_code", gettext_lazy("Postal code")
    REGION = "region", gettext_lazy("State or province")
    COUNTRY = "country", gettext_lazy("Country")
    SIGNED_ON = "signed_on", gettext_lazy("Day of the signature")
    UPDATES = "updates", gettext_lazy("May be written to (yes or no)")
    UNSUBSCRIBED = "unsubscribed", gettext_lazy("Has unsubscribed (yes, or a day)")
    CONFIRMED = "confirmed", gettext_lazy("Confirmed there (yes or no)")
    IGNORED = "ignored", gettext_lazy("Leave out")


NAMES = frozenset({Column.NAME, Column.FIRST_NAME, Column.LAST_NAME})
COUNTED = NAMES | {Column.EMAIL, Column.CONFIRMED, Column.IGNORED}
"""What decides whether somebody counts."""
SEVERAL = frozenset({Column.UPDATES, Column.UNSUBSCRIBED})
"""A file may have several columns of these: a no in any of them is a no."""
IMPORTED = COUNTED | SEVERAL
"""What imports read: what decides whether somebody counts, and whether they may be
asked by mail."""
HANDED_OVER = frozenset(
    {Column.PLACE, Column.POSTAL_CODE, Column.REGION, Column.COUNTRY}
)
"""What they read besides where people agreed to be handed over by name."""

# Headings as `plain_word` makes them: without case, accents, blanks and signs.
HEADINGS = {
    Column.EMAIL: """
        email emails email1 emailaddress emailaddr mail mailaddress useremail
        supporteremail contactemail courriel adressecourriel adresseemail adressemail
        adresseelectronique emailadresse mailadresse emailadres correo
        correoelectronico direcciondecorreo indirizzoemail indirizzomail
        enderecodeemail adressedecourriel direcciondecorreoelectronico adresemail
        epostaadresi eposta epostadress emailrequired preferredemail youremail
        youremailaddress emailadresa адресэлектроннойпочты электроннаяпочта
        メールアドレス 이메일주소 이메일 عنوانالبريدالإلكتروني البريدالإلكتروني
        电子邮件地址 电子邮件 邮箱 電子郵件地址 電子郵件""",
    Column.NAME: """
        name fullname displayname yourname signername signer nom nomcomplet nomprenom
        nometprenom prenomnom prenometnom votrenom naam volledigenaam nome nomecompleto
        nombre nombrecompleto nombreyapellidos contactname adsoyad имяифамилия фио 氏名
        お名前 名前 이름 성명 الاسم الاسمالكامل 姓名""",
    Column.FIRST_NAME: """
        firstname fname givenname forename prenom vorname voornaam primernombre first
        namefirst имя imie 名""",
    Column.LAST_NAME: """
        lastname lname surname familyname nomdefamille nachname familienname achternaam
        apellido apellidos cognome sobrenome apelido last namelast фамилия nazwisko
        姓""",
    Column.PLACE: """
        place city town village locality municipality suburb addresscity primarycity
        homecity mailingcity usercity ville lieu commune localite ort stadt wohnort
        ciudad localidad municipio citta comune cidade localidade plaats woonplaats
        stad towncity citytown miasto şehir город 市 都市 도시 城市 المدينة""",
    Column.POSTAL_CODE: """
        postalcode postcode zip zipcode zippostalcode postalzip zippostal addresszip
        addresszippostalcode primaryzip
        mailingzip codepostal cp plz postleitzahl codigopostal cap cep""",
    Column.REGION: """
        state province stateprovince region addressstate primarystate mailingstate
        stateabbreviated addressstateprovince etat bundesland provincia estado
        regione""",
    Column.COUNTRY: """
        country countrycode countryname nation addresscountry addresscountrycode
        primarycountry primarycountrycode pays codepays codedupays land landcode pais
        paese""",
    Column.SIGNED_ON: """
        date datetime signedon signedat datesigned signaturedate signedate
        dateofsignature signingdate created createdat createdon createddate timestamp
        submittedat submittedon submissiondate confirmedat confirmedon horodateur
        datedesignature datesignature signele datum zeitstempel unterzeichnetam
        unterschriebenam fecha fechadefirma marcatemporal data tijdstempel
        timestampest timestampedt timestamputc informazionicronologiche
        carimbodedatahora sygnaturaczasowa zamandamgası отметкавремени タイムスタンプ
        타임스탬프 طابعزمني 时间戳记 時間戳記""",
    Column.UPDATES: """
        updates wantsupdates receiveupdates emailoptin optin isoptin optedin subscribed
        subscription subscriptionstatus emailsubscriptionstatus emailstatus
        subscribedtomailinglist newsletter mailinglist consent emailconsent
        emailpermission mayweemailyou maywecontactyou infolettre abonne""",
    Column.UNSUBSCRIBED: """
        unsubscribed unsubscribedat unsubscribedon unsubtime unsubscribetime optout
        emailoptout optedout isoptout donotemail nobulkemails nobulkemailsuseroptout
        donotcontact desabonne""",
    Column.CONFIRMED: """
        confirmed isconfirmed emailconfirmed verified isverified emailverified
        validated confirme valide bestatigt""",
}
KNOWN = {
    plain_word(word): column
    for column, words in HEADINGS.items()
    for word in words.split()
}


def imported(stated: bool) -> frozenset[Column]:
    """Return what an import reads of a file; `stated` is whether its people agreed to
    be handed over by name."""
    return IMPORTED | HANDED_OVER if stated else IMPORTED


@dataclass(frozen=True)
class Platform:
    """A platform whose files are known by their headings."""

    name: str
    told_by: tuple[str, ...]
    """Sets of headings, each of which no other platform has."""
    columns: dict[str, Column] = field(default_factory=dict)
    """What its headings mean, where that is not what they mean elsewhere."""
    day_first: bool | None = None
    """How it writes days; None where that is not known, or makes no difference."""
    note: StrOrPromise = ""
    """What staff should know of its files."""
    columns_note: StrOrPromise = ""
    """What they should know of its columns that are not IMPORTED."""
    has_addresses: bool = True


PLATFORMS = (
    Platform(
        "Change.org",
        (
            "name city state postalcode country signedon",
            "name city state postalcode country date",
        ),
        has_addresses=False,
    ),
    Platform(
        "Action Network",
        ("can2subscriptionstatus", "can2usertags", "can2phone", "can2usercity"),
        columns={
            "can2usercity": Column.PLACE,
            "can2stateabbreviated": Column.REGION,
            "can2subscriptionstatus": Column.UPDATES,
            "can2subscriptiondate": Column.SIGNED_ON,
        },
        columns_note=gettext_lazy(
            "“can2_subscription_date” is the day of the subscription, which need not "
            "be that of the signature: leave it out if in doubt."
        ),
    ),
    Platform("ActionKit", ("akid", "createdat source zip", "source actioncomment")),
    Platform(
        "NationBuilder",
        ("nationbuilderid", "emailoptin taglist", "signupnationbuilderid"),
        day_first=False,
    ),
    Platform(
        "CiviCRM",
        ("contactid contacttype", "internalcontactid", "nobulkemailsuseroptout"),
    ),
    Platform("Pytition", ("confirmationhash", "confirmed subscribedtomailinglist")),
    Platform("Proca", ("contactref", "actionid campaign", "campaign optin postcode")),
    Platform(
        "Mailchimp",
        ("euid leid",),
        columns={
            "confirmtime": Column.SIGNED_ON,
            "cc": Column.COUNTRY,
            "unsubtime": Column.UNSUBSCRIBED,
        },
        note=gettext_lazy(
            "Mailchimp knows subscribers: bring in those alone who have signed this "
            "petition."
        ),
        columns_note=gettext_lazy(
            "Its files of the unsubscribed and of the cleaned look like that "
            "of the subscribed; nobody in them may be written to, so say that."
        ),
    ),
)


@dataclass(frozen=True)
class Match:
    """The meaning of a heading."""

    columns: tuple[Column, ...]
    platform: Platform | None
    doubts: list[str]
    """Sentences in the reader's language."""

    @property
    def known(self) -> int:
        return sum(column is not Column.IGNORED for column in self.columns)


def match(heading: Sequence[str], only: Collection[Column] = ()) -> Match:
    """Return what each column is by its heading, those that are not in `only`, unless
    it is empty, as left out. Of two for the same, but for those of SEVERAL, the first
    counts, and a doubt says so."""
    keys = [plain_word(cell) for cell in heading]
    platform = platform_of(keys)
    known = KNOWN | (platform.columns if platform else {})
    meant = [known.get(key, Column.IGNORED) for key in keys]
    settle_names(meant)
    meant = narrowed(meant, only)
    notes = [platform.note, "" if only else platform.columns_note] if platform else []
    doubts = [str(note) for note in notes if note]
    chosen: dict[Column, str] = {}
    for at, column in enumerate(meant):
        if column is Column.IGNORED:
            continue
        if column in chosen and column not in SEVERAL:
            meant[at] = Column.IGNORED
            doubts.append(
                _(
                    "“%(first)s” and “%(second)s” may both be “%(column)s”: the first "
                    "is taken."
                )
                % {
                    "first": cited(chosen[column]),
                    "second": cited(heading[at]),
                    "column": column.label,
                }
            )
        else:
            chosen[column] = heading[at]
    return Match(tuple(meant), platform, doubts)


def narrowed(columns: Iterable[Column], only: Collection[Column]) -> list[Column]:
    """Return the columns, those that are not in `only`, unless it is empty, as left
    out."""
    return [
        column if not only or column in only else Column.IGNORED for column in columns
    ]


def platform_of(keys: Iterable[str]) -> Platform | None:
    """Return the platform that has written these headings, each a `plain_word`."""
    there = {*keys}
    for platform in PLATFORMS:
        if not platform.has_addresses and there & EMAILS:
            continue
        if any(there.issuperset(told.split()) for told in platform.told_by):
            return platform
    return None


EMAILS = {word for word, column in KNOWN.items() if column is Column.EMAIL}


def settle_names(meant: list[Column]) -> None:
    """Make a “name” that stands beside a first name or a last name the other one: Nom
    beside Prénom, Nome beside Cognome."""
    count = Counter(meant)
    if count[Column.NAME] != 1:
        return
    at = meant.index(Column.NAME)
    if count[Column.FIRST_NAME] and not count[Column.LAST_NAME]:
        meant[at] = Column.LAST_NAME
    elif count[Column.LAST_NAME] and not count[Column.FIRST_NAME]:
        meant[at] = Column.FIRST_NAME


def why_unusable(columns: Sequence[Column]) -> str:
    """Return a sentence, in the reader's language, that says why nothing can be read
    by this choice of columns; "" when it can."""
    count = Counter(columns)
    for column, number in count.items():
        if number > 1 and column not in {Column.IGNORED, *SEVERAL}:
            return _("Choose one column for “%(column)s”, not several.") % {
                "column": column.label
            }
    if not count[Column.EMAIL] and not any(count[name] for name in NAMES):
        return _("Say which column has the e-mail addresses, or at least the names.")
    return ""
