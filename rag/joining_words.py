"""The English words that join a sentence, turn it or bound it, and a few Chinese characters that do. Reads nothing."""

FREE = frozenset("a an the that has have had also".split())
"""Words that a sentence may bring or leave out without saying anything else."""

PREPOSITIONS = frozenset(
    "of in on at to from for with by about as into over under after before against between during through within "
    "toward towards per via like near since until behind beside above below across along among around despite "
    "unlike amid onto outside inside off up down upon".split()
)
COORDINATORS = frozenset("and or but while whereas yet".split())

BE = frozenset("be is are was were been being am get got".split())
VERBS = BE | frozenset(
    "rose fell won lost began became said told took gave went came saw met held made built sold bought paid left led "
    "found kept sent spent stood grew drew threw wrote sang ran shot hit cut set put let beat broke spoke chose drove "
    "flew hurt brought caught taught fought sought thought read shut struck stole swore tore woke wore did do "
    "does".split()
)

# Left out, they turn what is said into something else, wherever in the sentence they stand.
TURNING = frozenset(
    """
    no not never none nor neither without nobody nothing nowhere hardly barely scarcely false falsely wrong wrongly
    untrue deny denies denied denying refuse refused fail failed failing unless except instead rather avoid avoided
    prevent prevented unlikely doubt doubted may might could would should must can will shall allegedly alleged allege
    reportedly unconfirmed rumor rumored suspected suspect claim claimed accused possible possibly probably perhaps
    maybe likely apparently seemingly seem seemed appear appeared if whether expect expected plan planned planning
    proposed
    proposal intend intended hope hoped want wanted aim aimed target forecast predict predicted believe believed think
    thought fear feared suggest suggested argue argued imagine imagined dream pretend pretended threaten threatened try
    tried attempt attempted trying respectively hypothetical would-be 不 没 沒 未 无 無 非 否 或 若 将 拟
    """.split()
)
# Left out right beside what stays, they make it more, less or another thing.
BOUNDING = frozenset(
    """
    nearly almost about than least most maximum minimum half part partly partially only some few several many each every
    any either both another other former deputy vice acting fake mock ex anti non pro un counterfeit so-called failed
    assistant interim outgoing incoming up more less estimated up to co sub under over second
    third fourth fifth sixth seventh eighth ninth tenth
    """.split()
)
SUPERLATIVES = frozenset(
    """
    all every each always sole entire whole only first last most least largest biggest highest lowest longest shortest
    oldest youngest newest latest earliest best worst fastest smallest tallest strongest richest poorest greatest
    busiest deepest widest
    """.split()
)
EVERYBODY = frozenset("everyone everybody everything anyone anybody anything nobody nothing none all any one".split())
DETERMINERS = frozenset("a an the its his her their our your my this that these those".split())
MEASURES = frozenset("minute hour day week month year decade".split())
UNDONE = frozenset("to will would shall should can could may might must".split())
RELATIVES = frozenset("who which whose whom where".split())
OPENERS = COORDINATORS | RELATIVES | frozenset("that when because although though".split())
JOINS = frozenset("when after as because that who which whose where although though so then since until".split())
ADVERBS = frozenset(
    "also already again finally later soon then now today yesterday tomorrow recently still just even together once "
    "here there well worldwide nationwide abroad overseas ago earlier".split()
)
REPORTING = frozenset("said told according added announced".split())
LEANING = frozenset("this that it so they claim report statement allegation which".split())
