"""What the encoder is distilled from: every source, its licence, and how it is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .readers import Reader, catalogues, documents, lines, resources, treebanks
from .special import (
    annotations,
    assistant_questions,
    banking_questions,
    bibles,
    dictionaries,
    home_questions,
    plain_dialogs,
    preset_terms,
    squad,
    storybooks,
)
from .trees import open_tree


@dataclass(frozen=True)
class Source:
    """One source: `trees` names its folders below the raw data (`en` is the first to be read)."""

    name: str
    licence: str
    trees: dict[str, str]
    read: Reader


def _git(*names: str) -> dict[str, str]:
    return dict(zip(("en", "fr", "de"), (name.replace("/", "+") for name in names), strict=False))


def _android(prefix: str = "") -> Reader:
    path = rf"({prefix}(?:.*/)?res/values)(/[\w-]*strings[\w-]*\.xml)"
    return resources(path, {"fr": r"\1-fr\2", "de": r"\1-de\2"})


def _json(path: str) -> Reader:
    """`path` has one group around the English language code."""
    before, after = re.split(r"\(en\)", path, maxsplit=1)
    return resources(f"({before})en({after})", {"fr": r"\1fr\2", "de": r"\1de\2"})


def _same(path: str, lang: str) -> str:
    return path


SOURCES: list[Source] = [
    Source(
        "GNOME user documentation",
        "CC-BY-3.0",
        _git("GNOME/gnome-user-docs"),
        catalogues(r"(gnome-help|system-admin-guide)/{lang}/{lang}\.po"),
    ),
    Source(
        "Odoo documentation", "CC-BY-SA-4.0", _git("Sup10010/sup10"), catalogues(r"locale/{lang}/LC_MESSAGES/.*\.po")
    ),
    Source(
        "Debian Administrator’s Handbook",
        "CC-BY-SA-3.0",
        {"en": "debian-handbook"},
        documents(r"en-US/.*\.html", lambda p, lang: p.replace("en-US", {"fr": "fr-FR", "de": "de-DE"}[lang]), "html"),
    ),
    Source(
        "LibreOffice help",
        "MPL-2.0",
        {"en": "libreoffice-help-en-us", "fr": "libreoffice-help-fr", "de": "libreoffice-help-de"},
        documents(r"text/.*\.html", _same, "html"),
    ),
    Source(
        "GIMP user manual",
        "GFDL-1.2-or-later",
        {"en": "gimp-help-en", "fr": "gimp-help-fr", "de": "gimp-help-de"},
        documents(r".*\.html", _same, "html"),
    ),
    Source(
        "Microsoft Dynamics 365 Business Central documentation",
        "CC-BY-4.0",
        _git(
            "MicrosoftDocs/dynamics365smb-docs-pr.en-nz",
            "MicrosoftDocs/dynamics365smb-docs-pr.fr-ch",
            "MicrosoftDocs/dynamics365smb-docs-pr.de-de",
        ),
        documents(r"business-central/.*\.md", _same),
    ),
    Source(
        "Privacy Guides",
        "CC-BY-SA-4.0",
        {"en": "privacyguides+privacyguides.org", "fr": "privacyguides+i18n", "de": "privacyguides+i18n"},
        documents(r"docs/.*\.md", lambda p, lang: f"i18n/{lang}/" + p.removeprefix("docs/")),
    ),
    Source(
        "Open Source Guides",
        "CC-BY-4.0",
        _git("github/opensource.guide"),
        documents(r"_articles/[\w-]+\.md", lambda p, lang: p.replace("_articles/", f"_articles/{lang}/")),
    ),
    Source(
        "React documentation",
        "CC-BY-4.0",
        _git("reactjs/react.dev", "reactjs/fr.react.dev"),
        documents(r"src/content/.*\.md", _same),
    ),
    Source(
        "Hugging Face course",
        "Apache-2.0",
        _git("huggingface/course"),
        documents(r"chapters/en/.*\.mdx", lambda p, lang: p.replace("/en/", f"/{lang}/")),
    ),
    Source(
        "Canadian Digital Service website",
        "MIT",
        _git("cds-snc/digital-canada-ca"),
        documents(r"content/en/.*\.md", lambda p, lang: p.replace("/en/", f"/{lang}/")),
    ),
    Source(
        "GC Forms",
        "MIT",
        _git("cds-snc/platform-forms-client"),
        _json(r"(?:i18n/translations|public/static/content)/(en)/.*\.json"),
    ),
    Source("bitcoin.org", "MIT", _git("bitcoin-dot-org/bitcoin.org"), _json(r"_translations/(en)\.yml")),
    Source(
        "Wagtail", "BSD-3-Clause", _git("wagtail/wagtail"), catalogues(r"wagtail/.*/locale/{lang}/LC_MESSAGES/.*\.po")
    ),
    Source(
        "PyPI warehouse",
        "Apache-2.0",
        _git("pypi/warehouse"),
        catalogues(r"warehouse/locale/{lang}/LC_MESSAGES/messages\.po"),
    ),
    Source(
        "Home Assistant",
        "Apache-2.0",
        {"en": "homeassistant"},
        _json(r"homeassistant/components/.*/translations/(en)\.json"),
    ),
    Source("Scratch", "BSD-3-Clause", {"en": "scratch-l10n"}, _json(r"(?:editor|www|src)/.*/(en)\.json")),
    Source(
        "Matrix React SDK",
        "Apache-2.0",
        _git("matrix-org/matrix-react-sdk"),
        resources(r"(src/i18n/strings/)en_EN(\.json)", {"fr": r"\1fr\2", "de": r"\1de_DE\2"}),
    ),
    Source("Element Android", "Apache-2.0", _git("vector-im/element-android"), _android()),
    Source("Thunderbird for Android", "Apache-2.0", _git("thunderbird/thunderbird-android"), _android()),
    Source("K-9 Mail", "Apache-2.0", _git("k9mail/k-9"), _android()),
    Source("Wikipedia for Android", "Apache-2.0", _git("wikimedia/apps-android-wikipedia"), _android()),
    Source("DuckDuckGo for Android", "Apache-2.0", _git("duckduckgo/Android"), _android()),
    *(
        Source(f"Android {name}", "Apache-2.0", _git(f"LineageOS/android_packages_{name}"), _android())
        for name in (
            "apps_Dialer",
            "apps_Messaging",
            "apps_Contacts",
            "apps_DeskClock",
            "apps_Email",
            "apps_Calendar",
            "apps_Camera2",
            "apps_CellBroadcastReceiver",
            "providers_ContactsProvider",
            "modules_Permission",
        )
    ),
    Source(
        "Windows Terminal",
        "MIT",
        _git("microsoft/terminal"),
        resources(r"(.*/Resources/)en-US(/.*\.resw)", {"fr": r"\1fr-FR\2", "de": r"\1de-DE\2"}),
    ),
    Source(
        "Bot Framework Web Chat",
        "MIT",
        {"en": "botframework-webchat-api"},
        resources(r"(package/)?(src/localization/)en-US(\.json)", {"fr": r"\1\2fr-FR\3", "de": r"\1\2de-DE\3"}),
    ),
    Source("Mycroft dialogs", "Apache-2.0", _git("MycroftAI/mycroft-core"), plain_dialogs),
    Source(
        "NTREX-128",
        "CC-BY-SA-4.0",
        _git("MicrosoftTranslator/NTREX"),
        lines(
            {
                "en": "NTREX-128/newstest2019-src.eng.txt",
                "fr": "NTREX-128/newstest2019-ref.fra.txt",
                "de": "NTREX-128/newstest2019-ref.deu.txt",
            }
        ),
    ),
    Source(
        "Parallel Universal Dependencies (PUD)",
        "CC-BY-SA-3.0",
        _git(
            "UniversalDependencies/UD_English-PUD",
            "UniversalDependencies/UD_French-PUD",
            "UniversalDependencies/UD_German-PUD",
        ),
        treebanks({"en": "en_pud-ud-test.conllu", "fr": "fr_pud-ud-test.conllu", "de": "de_pud-ud-test.conllu"}),
    ),
    Source("XQuAD (German)", "CC-BY-SA-4.0", _git("google-deepmind/xquad"), squad),
    Source(
        "African Storybook (CC BY tales)",
        "CC-BY-4.0",
        {"en": "global-asp+asp-source", "global": "global-asp+global-asp"},
        storybooks,
    ),
    Source("Wiktionary extracts", "CC-BY-SA-3.0", _git("open-dsl-dict/wiktionary-dict"), dictionaries),
    Source(
        "Bibles (BBE, NHEB; Crampon 1923, Synodale 1921; Menge 1939, Textbibel 1899)",
        "public domain",
        _git("scrollmapper/bible_databases"),
        bibles(
            ["sources/en/NHEB/NHEB.zip", "sources/en/BBE/BBE.zip"],
            {
                "fr": ["sources/fr/FreCrampon/FreCrampon.zip", "sources/fr/FreSynodale1921/FreSynodale1921.zip"],
                "de": ["sources/de/GerMenge/GerMenge.zip", "sources/de/GerTextbibel/GerTextbibel.zip"],
            },
        ),
    ),
    Source(
        "Unicode CLDR",
        "Unicode-3.0",
        {
            "en": "cldr-annotations",
            "cldr-annotations": "cldr-annotations",
            "cldr-annotations-derived": "cldr-annotations-derived",
            "cldr-localenames": "cldr-localenames",
        },
        annotations,
    ),
    Source("OpenStreetMap tagging presets", "ISC", {"en": "id-tagging-schema"}, preset_terms),
    Source("Banking77 (English questions)", "CC-BY-4.0", _git("PolyAI-LDN/task-specific-datasets"), banking_questions),
    Source("CLINC150 (English requests)", "CC-BY-3.0", _git("clinc/oos-eval"), assistant_questions),
    Source("NLU Evaluation Data (English requests)", "CC-BY-4.0", _git("xliuhw/NLU-Evaluation-Data"), home_questions),
]


def rows(source: Source, raw: Path) -> list[tuple[str, str, str, str]]:
    """All rows of a source, unfiltered: (language, English, other, document)."""
    return list(source.read({key: open_tree(raw, name) for key, name in source.trees.items()}))
