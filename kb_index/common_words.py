"""Words that stand in every text whatever its subject count little beside rare ones. A language without works too."""

from __future__ import annotations

from functools import lru_cache

from kb_index.text import stems

WORDS: dict[str, str] = {
    "fr": """a à ai ainsi alors après as au aucun aussi autre aux avant avec avez avons bien bonjour c ça car
    ce cela ces
    cet cette ceci chez ci comme comment d dans de des depuis dois doit donc dont du elle elles en encore entre est et
    été êtes être eu fait faire faut il ils j je jusqu l la le les leur leurs lors lorsque lui m ma mais me merci mes
    moi mon n ne ni nos notre nous on ont ou où par pas peu peut peux peuvent plus pour pourquoi pouvez puis puisque qu
    quand que quel quelle quelles quels qui quoi s sa sans se sera ses si son sont sous suis sur t ta te tes toi ton
    tous tout toute toutes très tu un une va vais vers veux voudrais vos votre vous vu y svp est-ce souhaite voulez""",
    "de": """ab aber alle allem allen aller alles als also am an andere auch auf aus bei beim bin bis bitte
    bist da dabei
    dafür damit danke dann das dass daß dem den denn der des dessen die dies diese diesem diesen dieser dieses doch dort
    du durch ein eine einem einen einer eines er es etwas euch für gegen gibt hab habe haben hallo hat hatte hier hin
    ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in ins ist ja jede jeder jetzt kann kein keine keinen
    können man mehr
    mein meine meinem meinen meiner mich mir mit möchte muss müssen nach nicht noch nun nur ob oder ohne sehr sein seine
    seit sich sie sind so soll sollte über um und uns unser unsere unter vom von vor wann war warum was weil welche
    welchem welchen welcher welches wenn wer werde werden wie wieder will wir wird wo wurde zu zum zur zwischen""",
    "en": """a about after all also am an and any are as at be because been before being but by can could did do does
    doing done for from get got had has have having he hello her here hi him his how i if in into is it its just know
    like m may me more my no not now of off on once or our out over please re s shall she should so some such t than
    thank thanks that the their them then there these they this those through to too up us ve want was we were what when
    where which while who why will with would you your""",
}


@lru_cache
def common_words(lang: str, stemmer: str) -> frozenset[str]:
    """The common words of a language, stemmed; empty where none are known."""
    return frozenset(stems(WORDS.get(lang, ""), stemmer))
