"""Translations of the demonstration’s petitions, by title. One has no French text, so
that one can see what readers of French are shown then."""

from __future__ import annotations

DESCRIPTIONS: dict[str, dict[str, dict[str, str]]] = {
    "Amnesty International Canada": {
        "fr": {
            "name": "Amnistie internationale Canada",
            "text": "Les membres canadiens d’un mouvement mondial de personnes qui "
            "défendent les droits de la personne. Cette page est une démonstration : "
            "ses textes ont été écrits pour elle et ses appuis sont inventés.",
            "cover_description": "Treize bougies allumées en rang, la nuit.",
        },
    },
    "Riverbank Commons": {
        "fr": {
            "name": "Rives en commun",
            "legal_name": "Rives en commun (démonstration)",
            "text": "Un organisme inventé qui prend soin d’une rivière inventée.",
            "cover_description": "Une large rivière entre des collines, bordée "
            "d’arbres.",
        },
    },
}

TRANSLATIONS: dict[str, dict[str, dict[str, str]]] = {
    "Canada: Sign the global treaty to end torture": {
        "fr": {
            "title": "Canada : signez le traité mondial contre la torture",
            "ask": "Signez et ratifiez le Protocole facultatif à la Convention contre "
            "la torture.",
            "addressees": "Stéphane Dion, ministre des Affaires étrangères, et Ralph "
            "Goodale, ministre de la Sécurité publique",
            "summary": "Demandez au Canada d’adhérer au traité qui ouvre les lieux de "
            "détention à des visites indépendantes.",
            "image_description": "Une cellule sombre à la fenêtre grillagée. La porte "
            "est ouverte, et deux visiteurs se tiennent dans la lumière.",
            "text": """Le Protocole facultatif à la Convention contre la torture \
prévoit des visites régulières des lieux de détention par des spécialistes \
indépendants. La torture prospère là où personne ne regarde; **une visite qui peut \
avoir lieu à tout moment change cela**.

Cette pétition demande à deux ministres de faire ce qu’il faut pour adhérer au traité. \
Elle fait partie d’une démonstration : les signatures données ici ne parviennent à \
personne.""",
        },
    },
    "Help reunite families divided by prison walls": {
        "fr": {
            "title": "Aidez à réunir les familles que des murs de prison séparent",
            "summary": "Pour les familles qui attendent une personne emprisonnée pour "
            "ses paroles.",
            "image_description": "Un haut mur de briques : une famille de trois d’un "
            "côté, une personne de l’autre.",
            "text": """Quand une personne est emprisonnée pour avoir manifesté \
pacifiquement, sa famille est condamnée avec elle. Des lettres, des visites et \
l’attention du public gardent le lien jusqu’aux retrouvailles.

Ajoutez votre nom pour dire que ces familles ne sont pas oubliées.""",
        },
    },
    "Tell Myanmar's Government to free peaceful activist Phyoe Phyoe Aung": {
        "fr": {
            "title": "Dites au gouvernement du Myanmar de libérer la militante "
            "pacifique Phyoe Phyoe Aung",
            "summary": "Une pétition qui vient de commencer. Signez-la pour voir "
            "comment cela se passe.",
            "image_description": "Neuf personnes au lever du soleil, qui tiennent "
            "chacune une feuille blanche au-dessus de leur tête.",
            "text": """Se réunir pacifiquement est un droit, pour les étudiantes et \
étudiants comme pour tout le monde. Cette pétition demande la libération des personnes \
détenues pour l’avoir exercé.

Dans cette démonstration, elle n’a qu’un appui. Signez-la, ouvrez la boîte de \
courriels, appuyez sur le bouton : elle en a deux.""",
        },
    },
    "Release torture survivor Yecenia Armenta": {
        "fr": {
            "title": "Libérez Yecenia Armenta, survivante de la torture",
            "summary": "Une déclaration obtenue sous la torture n’est pas une preuve.",
            "image_description": "Sept bougies allumées en rang, la nuit.",
            "text": """Le droit international est clair : une déclaration obtenue par \
la torture ne peut servir de preuve, sauf contre la personne accusée de torture.

Cette pétition demande que l’affaire soit examinée sous cet angle et qu’une survivante \
de la torture soit libérée.""",
        },
    },
    "Plant trees along the lower bank": {
        "fr": {
            "title": "Plantez des arbres le long de la rive basse",
            "addressees": "Conseil municipal d’Exempleville",
            "summary": "De l’ombre pour les poissons, et pour les bancs.",
            "image_description": "La rive basse : une rivière, et à peine un arbre.",
            "text": """La rive basse n’a pas d’ombre. Nous demandons :

- quarante aulnes au bord de l’eau,
- un banc sous un aulne sur quatre,
- et quelqu’un pour les arroser les deux premiers étés.""",
        },
    },
    "Open the old footbridge again": {
        "fr": {
            "title": "Rouvrez l’ancienne passerelle",
            "addressees": "Bureau des ponts d’Exempleville",
            "summary": "Une passerelle fermée pour un hiver, il y a quatre ans.",
            "image_description": "Une passerelle au-dessus d’une rivière, vide et "
            "fermée par une barrière.",
            "text": "La passerelle a été fermée pour des réparations et n’a jamais "
            "rouvert. Nous demandons une date.",
            "outcome": "La passerelle est rouverte depuis le premier du mois.",
        },
    },
    "أنيروا زقاق السوق ليلًا": {
        "en": {
            "title": "Light Market Lane at night",
            "addressees": "Exampleton Town Council",
            "summary": "Nine lamps, from the bakery to the bus stop.",
            "image_description": "A lane at night: a row of houses, nine lamps, and "
            "somebody on the way home.",
            "text": """Market Lane is dark after six, all winter long. People who work \
late walk home by the light of their phones.

We ask the council for **nine street lamps**, from the bakery to the bus stop, before \
the first snow.""",
        },
        "fr": {
            "title": "Éclairez la ruelle du Marché la nuit",
            "addressees": "Conseil municipal d’Exempleville",
            "summary": "Neuf lampadaires, de la boulangerie à l’arrêt d’autobus.",
            "image_description": "Une ruelle la nuit : des maisons en rang, neuf "
            "lampadaires et quelqu’un qui rentre chez soi.",
            "text": """La ruelle du Marché est sombre dès dix-huit heures, tout \
l’hiver. Les personnes qui finissent tard rentrent à la lueur de leur téléphone.

Nous demandons à la ville **neuf lampadaires**, de la boulangerie à l’arrêt d’autobus, \
avant la première neige.""",
        },
    },
}
