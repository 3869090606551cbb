"""What a column is, by its name and by its values."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from recsys.events.timestamps import number

# names as they are compared: lower case, letters and digits alone
NAMES: dict[str, tuple[str, ...]] = {
    "user": (
        *("user", "userid", "uid", "username", "customer", "customerid", "client", "clientid", "member", "memberid"),
        *("visitor", "visitorid", "borrower", "borrowerid", "patron", "patronid", "reader", "readerid", "account"),
        *("accountid", "email", "mail", "buyer", "buyerid", "person", "personid", "profile", "profileid", "reviewer"),
        *("reviewerid", "listener", "subscriber", "shopper", "userpseudoid", "anonymousid", "deviceid", "cardid"),
        *("kunde", "kundeid", "kundennr", "kundennummer", "nutzer", "benutzer", "leser", "utilisateur", "lecteur"),
        *("cliente", "usuario", "lector", "utilizador", "leitor", "cardnumber", "membernumber", "fullvisitorid"),
        *(
            "distinctid",
            "amplitudeid",
            "household",
            "householdkey",
            "steamid",
            "studentid",
            "applicantid",
            "sessionid",
            "session",
        ),
    ),
    "item": (
        *("item", "itemid", "product", "productid", "article", "articleid", "sku", "isbn", "isbn13", "isbn10", "movie"),
        *("movieid", "film", "filmid", "book", "bookid", "track", "trackid", "song", "songid", "asin", "parentasin"),
        *("content", "contentid", "game", "gameid", "stockcode", "handle", "ean", "gtin", "barcode", "titleid", "work"),
        *(
            "workid",
            "lineitemsku",
            "variantsku",
            "artist",
            "artistid",
            "anime",
            "animeid",
            "recipe",
            "recipeid",
            "news",
        ),
        *("artikel", "artikelnr", "artikelnummer", "produkt", "produktid", "buch", "buchid", "produit", "livre"),
        *(
            "producto",
            "cancion",
            "libro",
            "articulo",
            "produto",
            "livro",
            "videoid",
            "video",
            "jobid",
            "job",
            "listing",
            "listingid",
        ),
        *("catalognumber", "recordid", "biblionumber", "offerid", "postid", "pageid", "goodsid", "courseid", "course"),
        *(
            "app",
            "appid",
            "business",
            "businessid",
            "restaurantid",
            "venueid",
            "placeid",
            "hotelid",
            "aid",
            "url",
            "pageurl",
        ),
    ),
    "value": (
        *("rating", "ratings", "score", "stars", "star", "overall", "value", "quantity", "qty", "count", "plays"),
        *("playcount", "listens", "amount", "weight", "note", "bewertung", "menge", "anzahl", "quantite", "cantidad"),
        *("quantidade", "bookrating", "userrating", "reviewscore", "lineitemquantity", "units", "numplays", "clicks"),
        *("reproducciones", "ecoutes", "reproducoes", "liked", "isliked", "recommended", "isrecommended", "thumbsup"),
    ),
    "timestamp": (
        *("time", "date", "timestamp", "ts", "created", "createdat", "datetime", "day", "eventtime", "eventtimestamp"),
        *("orderdate", "ordered", "orderedat", "purchasedate", "purchased", "purchasedat", "checkoutdate", "checkout"),
        *("checkedout", "checkedoutat", "loandate", "loanedat", "borrowed", "borroweddate", "borrowedat", "issuedate"),
        *("unixreviewtime", "reviewtime", "tdat", "invoicedate", "datum", "zeit", "zeitpunkt", "bestelldatum", "fecha"),
        *("data", "horodatage", "jour", "ausleihdatum", "watchedat", "viewedat", "playedat", "ratedat", "occurredat"),
        *("dateadded", "addedat", "visitstarttime", "servertimestamp"),
    ),
    "event": (
        *("event", "eventtype", "eventname", "action", "actiontype", "type", "activity", "behavior", "behaviour"),
        *(
            "interaction",
            "interactiontype",
            "feedbacktype",
            "aktion",
            "ereignis",
            "evento",
            "action",
            "verb",
            "transaction",
        ),
        *("transactiontype",),
    ),
    "title": (
        *(
            "title",
            "name",
            "titel",
            "titre",
            "titulo",
            "nombre",
            "nom",
            "nome",
            "bezeichnung",
            "productname",
            "itemname",
        ),
        *(
            "prodname",
            "producttitle",
            "booktitle",
            "movietitle",
            "itemtitle",
            "artikelname",
            "produktname",
            "filmtitle",
        ),
    ),
    "text": (
        *("description", "desc", "summary", "abstract", "text", "body", "bodyhtml", "plot", "overview", "synopsis"),
        *("detaildesc", "beschreibung", "descripcion", "descricao", "resume", "productdescription", "blurb"),
    ),
}
NOT_IDS = ("order", "invoice", "transaction", "review", "price", "line", "row", "index", "unnamed")  # ids of rows
NO_ID_ENDS = (
    "name",
    "title",
    "type",
    "category",
    "group",
    "date",
    "time",
    "price",
    "description",
    "url",
    "image",
    "age",
)
SHORTEST_STEM = 5  # letters of a name with which a longer one begins, such as Kunde in Kundennummer
EPOCHS = (
    (6.3e8, 4.2e9),
    (1e11, 4.2e12),
    (1e14, 4.2e15),
    (1e17, 4.2e18),
)  # s, ms, us, ns; seconds from 1990 on, since ids are numbers below
DATE = re.compile(
    r"^\D{0,10}\d{1,4}[-/. ](\d{1,2}|[A-Za-z]{3,9})[-/. ,]\s?\d{1,4}|^[A-Za-z]{3,9},? \d{1,2},? \d{4}"
    r"|^[A-Za-z]{3} [A-Za-z]{3} +\d{1,2} \d\d:\d\d:\d\d.* \d{4}$"  # ctime
)
YYYYMMDD = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
MOST = 0.9  # of the values
FEW_TYPES = 30
LONG_TEXT, LONG_ID = 40, 128  # characters
HIGHEST_RATING = 10
LOOKED_AT = 5000


@dataclass(frozen=True)
class Column:
    """What the values of a column look like; shares are of the values that are not empty."""

    name: str
    n: int  # values that are not empty
    n_distinct: int
    numeric: float
    whole: float
    halves: float  # whole numbers and those with .5
    like_time: float
    mean_length: float
    commonest: tuple[str, ...]  # values, the commonest first
    low: float
    high: float

    @property
    def repeats(self) -> float:
        """How often a value is there, on average."""
        return self.n / max(1, self.n_distinct)

    @property
    def is_unique(self) -> bool:
        return self.n > 0 and self.n_distinct >= 0.95 * self.n

    @property
    def is_id(self) -> bool:
        """Whether the values may be ids: short, and neither fractions nor times."""
        fractions = self.numeric > MOST and self.whole < MOST
        is_short = self.mean_length <= LONG_TEXT or (self.mean_length <= LONG_ID and " " not in "".join(self.commonest))
        return self.n_distinct > 1 and is_short and not fractions and self.like_time < MOST

    @property
    def is_count(self) -> bool:
        return self.numeric > MOST

    @property
    def is_rating(self) -> bool:
        """Whether the values are few different whole or half numbers up to ten."""
        return self.halves > MOST and 2 < self.n_distinct <= 21 and self.low >= 0 and 2 < self.high <= HIGHEST_RATING

    @property
    def is_mostly_one(self) -> bool:
        """Whether 1 is the commonest of several values, as it is of counts."""
        return self.n_distinct > 2 and self.low >= 0 and self.commonest[0] == "1"

    @property
    def is_type(self) -> bool:
        """Whether the values are a few words that occur over and over, and no ids with digits."""
        is_few = 1 < self.n_distinct <= FEW_TYPES and self.repeats > 3 and self.mean_length < LONG_TEXT
        with_digits = sum(any(map(str.isdigit, value)) for value in self.commonest)
        return is_few and with_digits <= len(self.commonest) / 2


def column(name: str, values: Sequence[str]) -> Column:
    """Describe a column."""
    counts = Counter(value for value in values if value)
    some = list(counts)[:LOOKED_AT]
    numbers = [found for found in map(number, some) if found is not None and math.isfinite(found)]
    share = 1 / max(1, len(some))
    epochs = sum(any(low <= value < high for low, high in EPOCHS) for value in numbers)
    dates = sum(bool(DATE.match(text) or YYYYMMDD.fullmatch(text)) for text in some)
    return Column(
        name,
        counts.total(),
        len(counts),
        len(numbers) * share,
        sum(value % 1 == 0 for value in numbers) / max(1, len(numbers)),
        sum(2 * value % 1 == 0 for value in numbers) * share,
        max(epochs, dates) * share,
        sum(map(len, some)) * share,
        tuple(text for text, _ in counts.most_common(FEW_TYPES)),
        min(numbers, default=0.0),
        max(numbers, default=0.0),
    )


def by_name(name: str, role: str) -> float:
    """Return how much a name says that a column has a role, 0 to 1."""
    plain = _plain(name)
    last = _plain(name.rpartition(".")[2])
    known = NAMES[role]
    if plain in known or last in known:
        return 1.0 - 0.001 * known.index(plain if plain in known else last)
    tokens = [token for token in re.split(r"[^a-z0-9]+", _words(name)) if token]
    if role in ("user", "item") and any(token in NOT_IDS for token in tokens):
        return 0.0
    ids = ("id", "no", "nr", "number", "code", "key", "hash")
    stems = [token for token in tokens if token not in ids]
    if any(token in known for token in stems):
        return 0.7 if len(stems) == 1 or set(tokens) & set(ids) else 0.4
    begins = any(len(stem) >= SHORTEST_STEM and plain.startswith(stem) and plain != f"{stem}s" for stem in known)
    return 0.5 if begins and not (role in ("user", "item") and plain.endswith(NO_ID_ENDS)) else 0.0


def _plain(name: str) -> str:
    return "".join(char for char in _unaccented(name) if char.isalnum())


def _words(name: str) -> str:
    return _unaccented(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name))


def _unaccented(name: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(char))
