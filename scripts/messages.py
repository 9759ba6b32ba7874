# SPDX-License-Identifier: Apache-2.0
"""Gather the portal's texts and compile their translations: `python -m scripts.messages [AREA ...]`.

Each area (and the portal itself) has catalogues of its own in `locale/{nb,nn}/LC_MESSAGES/django.po`, written from
its own templates and code, so that people working on different areas do not meet.  The texts are English; new ones are
added empty, those that are gone are dropped, nothing is guessed.  `--check` writes nothing and names what is missing;
`--fill FILE` takes translations from lines of three columns (English, bokmål, nynorsk) divided by tabulators.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
PORTAL = ROOT / "src/avlest/portal"
LANGUAGES = ("nb", "nn")
HEAD = "# SPDX-License-Identifier: Apache-2.0"
AREAS = ("resident", "manager", "billing", "operations", "api")
_NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)

Filled = dict[str, dict[str, str]]
Key = tuple[str | None, str | tuple[str, ...]]
# template tags: translate/trans and blocktranslate/blocktrans
_TAG = re.compile(r"""\{%\s*trans(?:late)?\s+(?:"([^"]+)"|'([^']+)')(?:\s+context\s+"([^"]+)")?[^%]*%\}""")
_BLOCK = re.compile(r"\{%\s*blocktrans(?:late)?\b([^%]*)%\}(.*?)\{%\s*endblocktrans(?:late)?\s*%\}", re.DOTALL)
_PLURAL = re.compile(r"\{%\s*plural\s*%\}")
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_COMMENT = re.compile(r"\{#.*?#\}|\{%\s*comment\b.*?endcomment\s*%\}", re.DOTALL)


def find_texts(folder: Path, *, skip: tuple[Path, ...] = ()) -> set[Key]:
    """Return all texts marked for translation in a folder: (context, text or (singular, plural))."""
    found: set[Key] = set()
    for file in sorted(folder.rglob("*")):
        if any(part in file.parents for part in skip) or "locale" in file.parts:
            continue
        if file.suffix == ".py":
            found |= set(find_in_python(file.read_bytes()))
        elif file.suffix in (".html", ".txt"):
            found |= set(find_in_template(file.read_text(encoding="utf-8")))
    return found


def find_in_python(source: bytes) -> Iterator[Key]:
    """Texts of `_("...")`, `gettext…`, `ngettext…`, `pgettext…` in Python."""
    words = {
        "_": None, "gettext": None, "gettext_lazy": None, "ngettext": (1, 2), "ngettext_lazy": (1, 2),
        "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2),
    }  # fmt: skip
    for _line, text, _comments, context in extract("python", io.BytesIO(source), keywords=words):
        yield context, text


def find_in_template(source: str) -> Iterator[Key]:
    """Texts of `{% translate %}` and `{% blocktranslate %}`, as Django looks them up."""
    source = _COMMENT.sub("", source)
    for plain, quoted, context in _TAG.findall(source):
        yield context or None, _escape(plain or quoted)
    for options, body in _BLOCK.findall(source):
        parts = [_VARIABLE.sub(r"%(\1)s", _escape(part)) for part in _PLURAL.split(body)]
        parts = [" ".join(line.strip() for line in part.strip().splitlines()) if "trimmed" in options else part
                 for part in parts]  # fmt: skip
        yield None, (parts[0], parts[1]) if len(parts) == 2 else parts[0]


def _escape(part: str) -> str:
    return part.replace("%", "%%")


def read_filled(file: Path) -> Filled:
    """Return the translations of a table, by language and text; a line without three columns is an error."""
    filled: Filled = {language: {} for language in LANGUAGES}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        columns = line.replace("\\n", "\n").split("\t")
        if line and len(columns) != 3:
            raise SystemExit(f"{file} line {number}: {len(columns)} columns, expected English, bokmål, nynorsk")
        if line:
            filled["nb"][columns[0]], filled["nn"][columns[0]] = columns[1:]
    return filled


def update_catalogue(file: Path, texts: set[Key], language: str, filled: dict[str, str]) -> Catalog:
    """Return the catalogue of a file with exactly `texts`: translations kept or filled in, new ones empty."""
    old = read_catalogue(file, language) if file.is_file() else Catalog(locale=language)
    new = Catalog(locale=language, header_comment=HEAD, fuzzy=False, charset="utf-8")
    for context, text in sorted(texts, key=lambda key: (str(key[1]), key[0] or "")):
        known = old.get(text[0] if isinstance(text, tuple) else text, context)
        kept = known.string if known and not known.fuzzy else None
        new.add(text, string=_fill(text, filled) or kept, context=context)
    return new


def _fill(text: str | tuple[str, ...], filled: dict[str, str]) -> str | tuple[str, ...] | None:
    """The translation of a text, or of its singular and plural when both are there."""
    if isinstance(text, str):
        return filled.get(text)
    return tuple(filled[part] for part in text) if all(part in filled for part in text) else None


def write_catalogue(file: Path, catalogue: Catalog) -> None:
    """Write the `.po` (without dates and line numbers, so that it changes only when texts do) and the `.mo`."""
    stream = io.BytesIO()
    write_po(stream, catalogue, width=0, omit_header=True)
    plural = catalogue.plural_expr
    head = (
        f'{HEAD}\nmsgid ""\nmsgstr ""\n"Language: {catalogue.locale_identifier}\\n"\n"MIME-Version: 1.0\\n"\n'
        f'"Content-Type: text/plain; charset=UTF-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: nplurals=2; plural={plural};\\n"\n\n'
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(head + stream.getvalue().decode().strip() + "\n", encoding="utf-8")
    file.with_suffix(".mo").write_bytes(compile_catalogue(file))


def read_catalogue(file: Path, language: str | None = None) -> Catalog:
    """Return the catalogue of a `.po`."""
    with file.open("rb") as stream:
        return read_po(stream, locale=language)


def compile_catalogue(file: Path) -> bytes:
    """Return what the `.mo` of a `.po` holds; the same whenever it is made."""
    catalogue = read_catalogue(file)
    catalogue.creation_date = catalogue.revision_date = _NO_DATE
    stream = io.BytesIO()
    write_mo(stream, catalogue)
    return stream.getvalue()


def find_missing(catalogue: Catalog) -> list[str]:
    """Return the texts of a catalogue without a (sure) translation."""
    return [_first(message) for message in catalogue if message.id and (not _is_translated(message) or message.fuzzy)]


def _first(message: Message) -> str:
    return message.id[0] if isinstance(message.id, tuple | list) else str(message.id)


def _is_translated(message: Message) -> bool:
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return all(strings)


def get_folders() -> dict[str, Path]:
    """Return the folders with catalogues of their own, by name."""
    return {"portal": PORTAL, **{area: PORTAL / area for area in AREAS if (PORTAL / area).is_dir()}}


def update(name: str, folder: Path, *, filled: Filled, only_check: bool) -> list[str]:
    """Bring one folder's catalogues up to date; return complaints: what is untranslated or not written yet."""
    skip = tuple(PORTAL / area for area in AREAS) if name == "portal" else ()
    texts = find_texts(folder, skip=skip)
    complaints = []
    for language in LANGUAGES:
        file = folder / "locale" / language / "LC_MESSAGES" / "django.po"
        catalogue = update_catalogue(file, texts, language, filled.get(language, {}))
        complaints += [f"{name} {language}: no translation of {text!r}" for text in find_missing(catalogue)]
        if not only_check:
            write_catalogue(file, catalogue)
        elif texts and not is_current(file, texts):
            complaints.append(f"{name} {language}: not current; run python -m scripts.messages {name}")
    return complaints


def is_current(file: Path, texts: set[Key]) -> bool:
    """Whether a `.po` holds exactly `texts` and its `.mo` says the same."""
    if not file.is_file() or not file.with_suffix(".mo").is_file():
        return False
    known = {(message.context, message.id) for message in read_catalogue(file) if message.id}
    return known == texts and compile_catalogue(file) == file.with_suffix(".mo").read_bytes()


def main() -> int:
    """Update or check the catalogues of the named areas (all without a name); return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("areas", nargs="*", help=f"portal, {', '.join(AREAS)}")
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--fill", type=Path, help="table of translations: English, bokmål, nynorsk")
    options = parser.parse_args()
    folders = get_folders()
    wanted = options.areas or list(folders)
    filled = read_filled(options.fill) if options.fill else {}
    complaints = [
        line for name in wanted for line in update(name, folders[name], filled=filled, only_check=options.check)
    ]
    print("\n".join(complaints) or "every text has its bokmål and nynorsk")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
