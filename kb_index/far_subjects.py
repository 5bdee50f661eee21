"""Questions of far subjects, in no article's field: what must not be answered. Used only to fit probabilities."""

from __future__ import annotations

QUESTIONS: dict[str, tuple[str, ...]] = {
    "fr": (
        "Quel temps fera-t-il demain à Lyon ?", "Raconte-moi une blague", "Qui a gagné la Coupe du monde en 1998 ?",
        "Comment faire une pâte à crêpes ?", "quelle est la capitale de l'Australie", "Mon chat ne mange plus",
        "À quelle heure part le prochain train pour Marseille ?", "Je voudrais réserver une table pour deux ce soir",
        "Quel âge as-tu ?", "combien font 17 fois 23", "Pouvez-vous me prêter de l'argent ?",
        "J'ai mal au dos depuis hier",
        "Comment apprendre la guitare ?", "Quel est le meilleur film de l'année ?", "Tu aimes la musique ?",
        "Où acheter des chaussures de randonnée", "Comment changer une roue de vélo ?", "asdf qwertz jklm",
        "Est-ce que Dieu existe ?", "Je cherche un appartement à louer", "Comment planter des tomates ?",
        "C'est quoi le sens de la vie", "Quelle est votre couleur préférée ?", "Mon voisin fait trop de bruit",
        "Comment obtenir un visa pour le Canada ?", "recette de gâteau au chocolat", "il fait beau aujourd'hui",
        "Où sont mes lunettes", "Quel vaccin faut-il pour voyager ?", "Le bus 12 est-il en retard ?",
    ),
    "de": (
        "Wie wird das Wetter morgen in Köln?", "Erzähl mir einen Witz", "Wer hat die WM 2014 gewonnen?",
        "Wie macht man Pfannkuchenteig?", "Was ist die Hauptstadt von Australien", "Meine Katze frisst nicht mehr",
        "Wann fährt der nächste Zug nach Hamburg?", "Ich möchte einen Tisch für zwei Personen reservieren",
        "Wie alt bist du?", "Was ergibt 17 mal 23", "Können Sie mir Geld leihen?",
        "Ich habe seit gestern Rückenschmerzen",
        "Wie lerne ich Gitarre spielen?", "Was ist der beste Film des Jahres?", "Magst du Musik?",
        "Wo kaufe ich Wanderschuhe", "Wie wechselt man einen Fahrradreifen?", "asdf qwertz jklm",
        "Gibt es einen Gott?", "Ich suche eine Wohnung zur Miete", "Wie pflanzt man Tomaten?",
        "Was ist der Sinn des Lebens", "Was ist Ihre Lieblingsfarbe?", "Mein Nachbar ist zu laut",
        "Wie bekomme ich ein Visum für Kanada?", "Rezept für Schokoladenkuchen", "schönes Wetter heute",
        "Wo ist meine Brille", "Welche Impfung brauche ich für die Reise?", "Hat der Bus 12 Verspätung?",
    ),
    "en": (
        "What will the weather be like tomorrow in Leeds?", "Tell me a joke", "Who won the World Cup in 1998?",
        "How do I make pancake batter?", "what is the capital of Australia", "My cat has stopped eating",
        "When does the next train to Bristol leave?", "I'd like to book a table for two tonight",
        "How old are you?", "what is 17 times 23", "Can you lend me some money?", "My back has hurt since yesterday",
        "How do I learn the guitar?", "What is the best film of the year?", "Do you like music?",
        "where to buy hiking boots", "How do you change a bicycle tyre?", "asdf qwertz jklm",
        "Is there a God?", "I am looking for a flat to rent", "How do you plant tomatoes?",
        "what is the meaning of life", "What is your favourite colour?", "My neighbour is too loud",
        "How do I get a visa for Canada?", "chocolate cake recipe", "nice weather today",
        "where are my glasses", "Which vaccine do I need for travelling?", "Is bus 12 late?",
    ),
}  # fmt: skip


def far_questions(langs: list[str]) -> list[tuple[str, str]]:
    """(language, question) for the given languages; English where none of them is known."""
    known = [lang for lang in langs if lang in QUESTIONS] or ["en"]
    return [(lang, question) for lang in known for question in QUESTIONS[lang]]
