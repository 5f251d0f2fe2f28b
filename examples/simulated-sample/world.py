# ruff: noqa: INP001  (a script of an example, no package)
"""The invented world: posts on a festival, a classifier's scores, view counters, and the truth about each.

Every random number is a digest: SHA-256 of the seed, what the number is for, and the post. No library's
generator is involved, so that the world comes out the same with any version of anything.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import NormalDist

SEED = "festival-1"
POSTS = 5_000
START = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 14
SEEN = START + timedelta(days=DAYS + 1)  # when the platform's answer was made
CLASSES = ("resale", "wrong-date")
SHARES = {"resale": 0.04, "wrong-date": 0.06}
SPANISH = 0.7
AUC = 0.95
BLIND = 0.1  # share of the resale posts that the classifier takes for any other
THRESHOLD = 0.5
VIEWS_MEDIAN = {"resale": 400.0, "wrong-date": 250.0, "other": 200.0}
VIEWS_SPREAD = 0.8
MODEL = ("simulated-classifier", "1")
_NORMAL = NormalDist()
_BITS = 53

# What posts say: `{n}` is a price or a day. The last group is of no class, and close to one.
WORDS = {
    ("resale", "es"): (
        "Vendo entrada para el festival a {n} euros, ponía 20. Solo hoy.",
        "Me sobran dos entradas: {n} euros cada una, aunque costaron 20.",
        "Entrada del sábado, {n} euros, no bajo. El precio de taquilla era 20.",
    ),
    ("resale", "en"): (
        "Festival ticket for {n} euros, face value was 20. First come, first served.",
        "Selling my ticket at {n}, the box office took 20.",
    ),
    ("wrong-date", "es"): (
        "Recordad que el festival es el {n} de julio, no os equivoquéis.",
        "El festival de Puerto Inventado se celebra el {n} de julio.",
    ),
    ("wrong-date", "en"): (
        "The festival is on {n} July this year, tell everybody.",
        "Booked the train for the festival: {n} July it is.",
    ),
    ("other", "es"): (
        "Busco entrada para el festival, pago hasta {n} euros.",
        "Qué ganas de que llegue el 20 de junio y suene la banda del puerto.",
        "Regalo mi entrada del festival, al final no puedo ir.",
        "Me equivoqué de día el año pasado, este no: 20 de junio.",
        "¿Alguien sabe si dejan entrar con bicicleta en el recinto?",
    ),
    ("other", "en"): (
        "Looking for a festival ticket, I can pay up to {n} euros.",
        "Swapping a Saturday ticket for a Friday one, no money.",
        "Twenty days of rain, and yet the stage on the quay is up.",
        "The festival is on 20 June, as it has always been.",
    ),
}


def uniform(*what: object) -> float:
    """A number above 0 and below 1 that the words alone decide."""
    digest = hashlib.sha256("\n".join(map(str, (SEED, *what))).encode()).digest()
    return ((int.from_bytes(digest[:8], "big") >> (64 - _BITS)) + 0.5) / 2**_BITS


def normal(*what: object) -> float:
    """A standard normal number that the words alone decide."""
    return _NORMAL.inv_cdf(uniform(*what))


@dataclass(frozen=True)
class Post:
    """One post, as the platform has it and as it is.

    Args:
        number: Its number from 1.
        created: When it was published.
        account: Number of its author.
        lang: Language tag.
        text: Its words.
        kind: The truth: one of the classes, or `other`.
        score: What the classifier gives it for the class `resale`.
        views: Its view counter; None where the platform hides it.
    """

    number: int
    created: datetime
    account: int
    lang: str
    text: str
    kind: str
    score: float
    views: int | None

    @property
    def key(self) -> str:
        """Its key: platform and native id."""
        return f"other:{1_000_000 + self.number}"


def posts() -> list[Post]:
    """All posts, by time."""
    return [_post(number) for number in range(1, POSTS + 1)]


def _post(number: int) -> Post:
    kind = _kind(uniform("kind", number))
    lang = "es" if uniform("lang", number) < SPANISH else "en"
    return Post(
        number=number,
        created=START + timedelta(seconds=int(DAYS * 86_400 * (number - 0.5) / POSTS)),
        account=1 + int(900 * uniform("account", number) ** 2),
        lang=lang,
        text=_text(kind, lang, number),
        kind=kind,
        score=_score(kind, number),
        views=_views(kind, number),
    )


def _kind(place: float) -> str:
    reached = 0.0
    for name in CLASSES:
        reached += SHARES[name]
        if place < reached:
            return name
    return "other"


def _text(kind: str, lang: str, number: int) -> str:
    known = WORDS[kind, lang]
    words = known[int(len(known) * uniform("words", number))]
    low, high = (1, 19) if kind == "wrong-date" else (30, 90)
    return words.format(n=low + int((high - low + 1) * uniform("number", number)))


def _score(kind: str, number: int) -> float:
    """Calibrated, binormal: logit = logit(share) + d x - d^2/2, x from N(d, 1) where it sees the class."""
    d = math.sqrt(2) * _NORMAL.inv_cdf(AUC)
    is_seen = kind == "resale" and uniform("blind", number) >= BLIND
    share = SHARES["resale"]
    logit = math.log(share / (1 - share)) + d * (normal("score", number) + d * is_seen) - d * d / 2
    return round(1 / (1 + math.exp(-logit)), 6)


def _views(kind: str, number: int) -> int | None:
    if uniform("hidden", number) < 0.01:  # noqa: PLR2004  (one counter in a hundred is hidden)
        return None
    return int(VIEWS_MEDIAN[kind] * math.exp(VIEWS_SPREAD * normal("views", number)))
