"""Words of English that say how something is meant, and words that say nothing of what is sought.

They are compared as :func:`recsys.text.tokens.fold` makes them: "don't" is "dont".
"""

from __future__ import annotations


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What stands in every conversation and in no description of what is sought.
FUNCTION = _set(
    """
    a an and are as at be been being but by can could did do does for from had has have he her hers him his how i if im in into
    is it its ive just let lets me my no nor not of off on one ones only or other others our out over own she should so some
    such than that the their theirs them then there these they this those through to too under until up us very was we were
    what when where which while who whom why will with would you your yours about above after again all also although am any
    because before below between both down each few further more most once same because now yes okay ok oh hi hello hey
    """
)
REQUEST = _set(
    """
    something anything anyone someone thing things stuff like likes liked love loves loved enjoy enjoyed want wants wanted need
    needs looking look find found show give get got recommend recommendation recommendations suggest suggestion suggestions
    please thanks thank maybe perhaps really quite rather pretty bit little lot much kind sort type similar see seen saw watch
    watched watching read reading film films movie movies book books item items title titles prefer preferably favourite
    favorite favourites favorites good great best nice fun new ever already know think feel feeling mood today tonight time day
    try would id ill tell ask set going go make made id youd theres hate hated dislike disliked nothing none never without
    avoid except excluding didnt dont doesnt isnt wasnt wont cant couldnt shouldnt wouldnt arent werent sure actually instead
    well especially mostly else anymore still yet even though however older newer earlier later recent either whatever whichever
    surprise different doesnt matter matters fine alright exclusively strictly thats whats whos hes shes theyre youre were
    """
)
CHATTER = _set(
    """
    yes yeah yep yup y yess sure absolutely definitely exactly of course n nope nah thx ty cheers lol haha hehe hm hmm um
    uh wow cool awesome perfect amazing nice bye goodbye morning evening afternoon welcome sorry wait problem idea preference
    fan fans huge looks sounds seems
    """
)
EMPTY = FUNCTION | REQUEST | CHATTER
DRESSING = EMPTY - _set("time day")  # around a text, not part of it
TRAILING = (REQUEST | CHATTER) & DRESSING

NEGATIVE = _set(
    """
    not no never without except excluding minus hate hated hates dislike disliked dislikes avoid avoiding nothing none neither
    nor dont doesnt didnt isnt wasnt wont arent werent cannot cant couldnt shouldnt wouldnt havent hasnt skip bored loathe
    loathed
    """
)
HATING = _set(
    "hate hated hates dislike disliked dislikes avoid avoiding loathe loathed"
)  # "I don't dislike" is neither
EXCEPTING = _set("except excluding minus besides")  # they turn around what was said before them
WEAK = _set("less too overly")  # "less scary" asks for another order, not that nothing scary be shown
POSITIVE = _set(
    """
    love loved loves like liked likes enjoy enjoyed enjoys want wants prefer prefers adore adored adores favourite favorite
    show give recommend looking need more something yes fan into mood
    """
)
NOUNS = _set("fan into mood looking favourite favorite")  # "not in the mood for": no liking of its own
SUBJECTS = _set("i we you he she they id im ive well")
VERDICT = _set("is are was were isnt arent wasnt werent seems looks sounds feels felt sucks suck sucked bores bored")
MILD = _set(
    "a an the bit too so very really just quite pretty rather kind of totally absolutely all that not never my no"
)
BAD = _set(
    """
    bad boring terrible awful horrible overrated dull stupid lame rubbish crap crappy garbage trash meh disappointing
    disappointment unwatchable worst annoying tedious bore letdown sucks suck sucked bores
    """
)
GOOD = _set(
    "great good amazing excellent fantastic brilliant wonderful awesome best fun perfect superb favourite favorite"
)
FINE = _set("fine ok okay alright")  # "horror is fine" takes back that it is not
WORTH = GOOD | _set("thing me cup enjoyable interesting appealing special it")  # what "is not" so is not liked
BREAKS = _set("but however although though yet")
SEEN = _set("seen saw watched read own already know")
LIKED = _set("love loved loves liked enjoyed adore adored enjoy favourite favorite hated hate disliked dislike loathed")
PAST = _set("loved liked enjoyed adored hated disliked loathed watched seen saw rewatched")
PEOPLE = _set("by with starring directed director featuring author written")
BEGINS = _set(
    """
    set about with starring made based featuring where who preferably i im id we he she they it you something anything give show
    find maybe just please and but so then what how is are
    """
)
ASKING = (
    FUNCTION | PEOPLE | _set("film films movie movies book books something anything best good")
)  # of no search the matter
YES = _set("yes yeah yep yup y yess sure okay ok absolutely definitely exactly please")
ALONE = _set("okay ok sure please")  # with anything behind them they answer nothing
NO = _set("no nope nah n neither none")
UNSEEN = 0.5  # neither liked nor seen
RESETS = tuple(
    tuple(text.split())
    for text in (
        "start over",
        "start again",
        "reset",
        "new search",
        "forget everything",
        "forget it all",
        "forget all that",
    )
)
TIMES = _set("year years decade era time")  # of which any will do

# Sequences that mean something else than their words.
IDIOMS: tuple[tuple[tuple[str, ...], float], ...] = (
    *(((word, seen), UNSEEN) for word in ("never", "havent", "not") for seen in ("seen", "watched", "read")),
    *(((never, "heard", "of"), UNSEEN) for never in ("never", "havent")),
    *(((verb,), 0) for verb in ("forget", "scrap", "nevermind")),
    (("never", "mind"), 0),
    (("take", "back"), 0),
    (("drop", "the"), 0),
    (("no", "longer"), -1),
    (("no", "problem"), 1),
    (("no", "wait"), 0),
    (("changed", "my", "mind"), 1),
    (("not", "enough"), 1),
    (("enough", "with"), -1),
    (("stop", "showing"), -1),
    (("stop", "with"), -1),
    (("scared", "of"), -1),
    (("afraid", "of"), -1),
    (("allergic", "to"), -1),
    (("fed", "up", "with"), -1),
    (("done", "with"), -1),
    (("not", "a", "fan"), -1),
    (("cant", "stand"), -1),
    (("cannot", "stand"), -1),
    (("cant", "bear"), -1),
    (("cant", "watch"), -1),
    (("cant", "get", "enough"), 1),
    (("cannot", "get", "enough"), 1),
    (("do", "not", "mind"), 0),
    (("would", "not", "mind"), 0),
    (("not", "at", "all"), -1),
    (("not", "only"), 1),
    (("not", "just"), 1),
    (("not", "bad"), 1),
    (("not", "sure"), 0),
    (("not", "too"), -0.5),
    (("not", "so"), -0.5),
    (("not", "very"), -0.5),
    (("not", "as"), -0.5),
    (("dont", "mind"), 0),
    (("wouldnt", "mind"), 0),
    (("dont", "know"), 0),
    (("dont", "care"), 0),
    (("no", "idea"), 0),
    (("no", "preference"), 0),
    (("why", "not"), 1),
    (("nothing", "but"), 1),
    (("nothing", "too"), -0.5),
    (("anything", "but"), -1),
    (("rather", "than"), -1),
    (("instead", "of"), -1),
    (("tired", "of"), -1),
    (("sick", "of"), -1),
    (("enough", "of"), -1),
    (("other", "than"), -1),
)

# What people say for values that catalogues of films, books, music and games have; it counts where the catalogue has the value.
ALIASES: dict[str, tuple[str, ...]] = {
    "sci fi": ("science fiction", "scifi", "sf"),
    "science fiction": ("sci fi", "scifi", "sf"),
    "comedy": ("comedic", "funny", "funnier", "humorous", "hilarious"),
    "horror": ("scary", "scarier", "frightening", "spooky"),
    "romance": ("romantic", "love story", "love stories"),
    "animation": ("animated", "cartoon"),
    "musical": ("musicals",),
    "history": ("historical",),
    "biography": ("biographical", "biopic"),
    "documentary": ("documentaries",),
    "thriller": ("suspense", "suspenseful"),
    "mystery": ("whodunit", "whodunnit"),
    "fantasy": ("fantastical",),
    "film noir": ("noir",),
    "family": ("for kids", "for children", "kids", "children"),
    "children": ("for kids", "kids"),
    "sport": ("sports",),
    "superhero": ("superheroes",),
}
