"""`netcam signatures` and `netcam lists`: what netcam knows, and whether it keeps its own rules."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netcam.cli.errors import FAILED, Exit, say
from netcam.errors import ConfigError, SignatureError
from netcam.safetext import visible

if TYPE_CHECKING:
    from netcam.advisories.load import Advisory
    from netcam.engine.load import FirmwareRule, MadeBy, ModelRule, Signature
    from netcam.policy.lists import Entry, PolicyList

_FOLDER = click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Signature folder to use instead of the packaged one.",
)


@click.group()
def signatures() -> None:
    """The knowledge base.

    \b
    Examples:
      netcam signatures list
      netcam signatures show hikvision
      netcam signatures check
      netcam signatures new northlight --from seen.json --device 10.0.0.20
    """


@signatures.command("list")
@_FOLDER
def signatures_list(folder: Path | None) -> None:
    """Every vendor file with what it holds."""
    from netcam.engine.load import load_signatures

    loaded = load_signatures(folder)
    for vendor_id in sorted(loaded.vendors):
        file = loaded.vendors[vendor_id]
        role = "maker" if file.vendor.builds else "brand" if not vendor_id.startswith("generic-") else "generic"
        click.echo(
            f"{vendor_id:24} {role:8} {len(file.signature):3} signatures  {len(file.model):3} model rules  "
            f"{len(file.oui):2} registrants  {visible(file.vendor.name)}"
        )
    count = len(loaded.signatures)
    click.echo(f"{len(loaded.vendors)} files, {count} signatures, {loaded.digest}, OUI data of {loaded.oui.date}")


@signatures.command("show")
@click.argument("vendor_or_id")
@_FOLDER
def signatures_show(vendor_or_id: str, folder: Path | None) -> None:
    """One vendor's file, or one signature, rule or advisory with its examples, limits and sources."""
    from netcam.advisories.load import load_advisories
    from netcam.engine.load import load_signatures

    loaded = load_signatures(folder)
    if vendor_or_id in loaded.vendors:
        click.echo(Path(loaded.paths[vendor_or_id]).read_text("utf-8"), nl=False)
        return
    for vendor_id, file in loaded.vendors.items():
        known: tuple[Signature | ModelRule | FirmwareRule, ...] = (*file.signature, *file.model, *file.firmware)
        rules = [r for r in known if r.id == vendor_or_id]
        for lines in map(_shown, rules):
            head = (f"id          {vendor_or_id}", f"file        {Path(loaded.paths[vendor_id]).name}")
            click.echo("\n".join((*head, *lines)))
            return
        rows = [row for row in file.made_by if vendor_or_id == f"{vendor_id}.made-by.{row.maker}"]
        if rows:
            click.echo(f"id          {vendor_or_id}\nfile        {Path(loaded.paths[vendor_id]).name}")
            click.echo("\n".join(line for row in rows for line in _shown_row(row)))
            return
    for advisory in load_advisories(folder):
        if vendor_or_id in (advisory.id, *advisory.also):
            _show_advisory(advisory)
            return
    raise ConfigError(
        f"{vendor_or_id!r} is no id of a vendor, a signature, a rule or an advisory; see `netcam signatures list`"
    )


def _shown(rule: Signature | ModelRule | FirmwareRule) -> Iterator[str]:
    """One rule for the reader, a line each."""
    from netcam.engine.load import ModelRule, Signature

    if isinstance(rule, Signature):
        yield f"status      {rule.status}"
        yield f"observes    {rule.observes}"
    yield f"pattern     {visible(rule.pattern, 2000)}"
    if isinstance(rule, Signature):
        yield f"strength    {rule.strength}"
        yield f"says        {', '.join(f'{k}={v}' for k, v in rule.says.items()) or 'nothing'}"
        yield from (f"matches     {visible(e.value)}   ({visible(e.source)})" for e in rule.example)
        yield from (f"not         {visible(c.value)}   ({visible(c.why)})" for c in rule.counterexample)
    elif isinstance(rule, ModelRule):
        yield f"says        {', '.join(filter(None, (rule.device_type, *rule.capabilities))) or 'nothing'}"
        yield from (f"matches     {visible(model)}" for model in rule.examples)
        yield from (f"not         {visible(model)}" for model in rule.counterexamples)
    else:
        yield f"compared by {rule.compare}, certainty {rule.certainty}"
        yield from (f"matches     {visible(e.value)}   ({visible(e.source)})" for e in rule.example)
        yield from (f"not         {visible(text)}" for text in rule.counterexamples)
    yield from _grounds(rule)


def _shown_row(row: MadeBy) -> Iterator[str]:
    """One row of the brand table."""
    years = " ".join(f"{word} {year}" for word, year in (("from", row.since), ("to", row.until)) if year)
    yield f"says        {row.status}, certainty {row.certainty} {years}".rstrip()
    if row.series:
        yield f"pattern     {visible(row.series, 2000)}"
    yield from _grounds(row)


def _grounds(rule: Signature | ModelRule | FirmwareRule | MadeBy) -> Iterator[str]:
    if rule.limits:
        yield f"limits      {visible(rule.limits, 1000)}"
    yield from (f"source      {visible(reference, 500)}" for reference in rule.references)


def _show_advisory(advisory: Advisory) -> None:
    ids = ", ".join((advisory.id, *advisory.also))
    since = f"on CISA's catalogue since {advisory.kev}" if advisory.kev else advisory.exploitation or "not known"
    click.echo(f"id          {ids}\ntitle       {advisory.title}\nexploited   {since}")
    for row in advisory.affected:
        ends = (("from", row.since), ("to", row.to), ("before", row.before))
        span = " ".join(f"{word} {text}" for word, text in ends if text) or ("all" if row.all else "not known")
        click.echo(f"{row.status:11} {span}: {', '.join(row.models) or 'every other model'}")
    for case in advisory.example:
        device = " ".join(filter(None, (visible(case.model), visible(case.firmware)))) or "nothing known"
        click.echo(f"example     {device}: {case.status}   ({visible(case.source)})")
    for reference in dict.fromkeys((advisory.url, *advisory.references)):
        click.echo(f"source      {visible(reference, 500)}")
    click.echo(f"checked     {advisory.checked}" + (f"\nlimits      {advisory.limits}" if advisory.limits else ""))


@signatures.command("new")
@click.argument("vendor")
@click.option(
    "--from",
    "source",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Recorded observations (`scan --record`), or a saved report.",
)
@click.option("--device", metavar="ADDRESS", help="Which device of the file: address, MAC, id or key.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the draft goes; an existing file is never replaced. Without it: standard output.",
)
@_FOLDER
def signatures_new(vendor: str, source: Path, device: str | None, output: Path | None, folder: Path | None) -> None:
    """Draft a vendor file from what a device showed and no signature knows.

    \b
    Example:
      netcam signatures new northlight --from seen.json --device 10.0.0.20 -o signatures/vendors/northlight.toml
    """
    import re

    from netcam.cli.common import knowledge
    from netcam.cli.reading import observations_of
    from netcam.draft import draft

    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", vendor):
        raise ConfigError(f"{vendor!r}: a vendor id is lower-case words with hyphens, such as north-light")
    if output is not None and output.exists():
        raise ConfigError(f"-o {output}: there is such a file, and none is replaced")
    known = knowledge(folder, (), ())
    text = draft(vendor, observations_of(source, device, known), known.signatures)
    if text is None:
        say("nothing to draft: what the device shows is known, or tells nobody's make")
        raise Exit(FAILED)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigError(f"-o {output}: can't be written: {error.strerror}") from error
    say(f"wrote {output}: {text.count('[[signature]]')} signatures; `netcam signatures check` says what is missing")


@signatures.command("check")
@_FOLDER
def signatures_check(folder: Path | None) -> None:
    """Hold every file against the rules; exit code 1 when one is broken."""
    from netcam.advisories.check import check_advisories
    from netcam.advisories.load import load_advisories
    from netcam.datafiles import data_folder
    from netcam.engine.check import check
    from netcam.engine.load import load_signatures
    from netcam.probes import decoders, emitted_kinds

    loaded = load_signatures(folder)
    retired = tomllib.loads((data_folder(folder) / "retired.toml").read_text("utf-8")).get("retired", {})
    advisories = load_advisories(folder)
    problems = check(loaded, emitted_kinds() | set(decoders()), retired) + check_advisories(advisories, loaded)
    for problem in problems:
        say(
            f"{Path(problem.file).name}: {problem.id}: {problem.reason}"
            if problem.id
            else f"{Path(problem.file).name}: {problem.reason}"
        )
    click.echo(
        f"{len(loaded.vendors)} files, {len(loaded.signatures)} signatures, {len(list(advisories))} advisories: "
        + (f"{len(problems)} problems" if problems else "in order")
    )
    if problems:
        raise Exit(FAILED)


@click.group()
def lists() -> None:
    """The restriction lists, whom each binds, and when each was last checked.

    \b
    Examples:
      netcam lists list
      netcam lists show us-ndaa-889
      netcam lists check --list-file our-policy.toml
    """


_OWN = click.option(
    "--list-file",
    "own",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Your own list; repeatable.",
)


def _today() -> date:
    return date.today()  # noqa: DTZ011 - the age in days as the user's calendar has it


@lists.command("list")
@_FOLDER
@_OWN
def lists_list(folder: Path | None, own: tuple[Path, ...]) -> None:
    """Every list with its effect, its entries and the age of its last check."""
    from netcam.policy.load import load_lists, stale_lists

    today = _today()
    loaded = load_lists(folder, own)
    width = max(map(len, loaded), default=0)
    for title, some in _sorted_by_use(loaded.values()):
        if some:
            click.echo(title)
        for policy in some:
            head = policy.list
            count = f"{len(policy.entry)} {'entry' if len(policy.entry) == 1 else 'entries'}"
            click.echo(
                f"  {policy.id:{width}}  {head.effect:16} {count:>10}  "
                f"checked {head.last_checked} ({_age(head.last_checked, today)})  {visible(head.title)}"
            )
            click.echo(f"  {'':{width}}  binds {visible(head.binds)}")
    for warning in stale_lists(loaded.values(), today):
        say(f"warning: {warning}")


def _age(checked: date, today: date) -> str:
    days = (today - checked).days
    return f"{days} {'day' if days == 1 else 'days'} ago"


def _sorted_by_use(lists: Collection[PolicyList]) -> Iterator[tuple[str, list[PolicyList]]]:
    """The lists by what they are used for, each group under its heading."""
    ordered = sorted(lists, key=lambda p: p.id)
    judging = [p for p in ordered if p.by_default]
    asked = [p for p in ordered if p.reaches and not p.by_default]
    yield "Devices are held against:", judging
    yield "Without legal force beyond their owner; devices are held against them with --list ID:", asked
    yield "For reading only, since they name nobody whose devices netcam could tell:", [
        p for p in ordered if not p.reaches
    ]


@lists.command("show")
@click.argument("list_id")
@_FOLDER
@_OWN
def lists_show(list_id: str, folder: Path | None, own: tuple[Path, ...]) -> None:
    """One list: what it says, whom it binds, its dates, whom it names, and where that stands."""
    from netcam.policy.load import load_lists, stale_lists
    from netcam.report.summary import EFFECTS

    found = load_lists(folder, own)
    if list_id not in found:
        raise ConfigError(f"no list {list_id!r}; there are {', '.join(sorted(found))}")
    policy, today = found[list_id], _today()
    head = policy.list
    lines = [
        head.title,
        f"  {head.jurisdiction}, {head.authority}",
        f"  effect: {head.effect} ({EFFECTS[head.effect]})",
        f"  says: {head.says}",
        f"  binds: {head.binds}",
        f"  in force: {head.in_force or 'not stated'}",
        f"  covers subsidiaries: {head.covers_subsidiaries}; OEM devices: {head.covers_oem}; "
        f"components: {head.covers_components}",
    ]
    if head.limits:
        lines.append(f"  limits: {head.limits}")
    lines += [f"  source: {source.title}, {source.section}  {source.url}".rstrip() for source in head.citation]
    lines.append(f"  last checked: {head.last_checked} ({_age(head.last_checked, today)})")
    if head.step:
        lines.append("  dates:")
    for step in head.step:
        lines.append(f"  - {step.on}: {step.what}{_verified(step.verified)}")
        lines += [f"      source: {reference}" for reference in step.references]
    lines.append("  entries:" if policy.entry else "  entries: none; it names nobody")
    for entry in policy.entry:
        lines += _entry_lines(entry)
    for line in lines:
        click.echo(visible(line, 1500))
    for warning in stale_lists([policy], today):
        say(f"warning: {warning}")


def _verified(word: str) -> str:
    return "" if word == "yes" else f" (verified: {word})"


def _entry_lines(entry: Entry) -> Iterator[str]:
    """One entry: whom or what it means, since when, how sure that is, and where it stands."""
    whom = entry.entity or entry.vendor or entry.brand or (f"companies of {entry.country}" if entry.country else "")
    asks = [
        f"{key} {value}"
        for key, value in (
            ("vendor", entry.vendor), ("brand", entry.brand), ("country", entry.country),
            ("model", " or ".join(entry.models)), ("capability", entry.capability),
        )
        if value
    ]  # fmt: skip
    if entry.firmware_older_than_days is not None:
        asks.append(f"firmware older than {entry.firmware_older_than_days} days")
    dates = [
        f"{word} {day}"
        for word, day in (("since", entry.added), ("removed", entry.removed), ("due", entry.due))
        if day
    ]  # fmt: skip
    meaning = f" [{', '.join(asks) or 'no maker that netcam knows'}]"
    told = ", ".join(filter(None, (whom or "whoever meets it", entry.scope, *dates)))
    yield f"  - {told}{_verified(entry.verified)}{meaning}"
    if entry.note:
        yield f"      note: {entry.note}"
    yield from (f"      source: {reference}" for reference in entry.references)


@lists.command("check")
@_FOLDER
@_OWN
def lists_check(folder: Path | None, own: tuple[Path, ...]) -> None:
    """Hold the lists against the rules; exit code 1 when one is broken. An old last check is a warning."""
    from netcam.engine.load import load_signatures
    from netcam.policy.load import capabilities, check_lists, faults, load_lists, stale_lists

    vendors, words = load_signatures(folder).vendors, capabilities(folder)
    try:
        wrong = [(path, flaw) for path in own for flaw in faults(path, vendors, words, handed_in=True)]
        for path, flaw in wrong:
            say(f"netcam: {path}:{flaw.line}: {flaw.reason}")
        if wrong:
            raise Exit(FAILED)
        loaded = load_lists(folder, own, vendors)
    except SignatureError as error:
        say(f"netcam: {error}")
        raise Exit(FAILED) from error
    problems = check_lists(loaded.values(), vendors)
    for problem in problems:
        say(problem)
    for warning in stale_lists(loaded.values(), _today()):
        say(f"warning: {warning}")
    click.echo(f"{len(loaded)} lists: " + (f"{len(problems)} problems" if problems else "in order"))
    if problems:
        raise Exit(FAILED)
