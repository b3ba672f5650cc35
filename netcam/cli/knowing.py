"""`netcam signatures` and `netcam lists`: what netcam knows, and whether it keeps its own rules."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import click

from netcam.cli.errors import FAILED, Exit, say
from netcam.errors import ConfigError, SignatureError
from netcam.safetext import visible

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
    """One vendor's file, or one signature with its examples, limits and sources."""
    from netcam.engine.load import load_signatures

    loaded = load_signatures(folder)
    if vendor_or_id in loaded.vendors:
        click.echo(Path(loaded.paths[vendor_or_id]).read_text("utf-8"), nl=False)
        return
    for vendor_id, signature in loaded.signatures:
        if signature.id == vendor_or_id:
            click.echo(f"id          {signature.id}\nfile        {Path(loaded.paths[vendor_id]).name}")
            click.echo(f"status      {signature.status}\nobserves    {signature.observes}")
            click.echo(f"pattern     {visible(signature.pattern, 2000)}\nstrength    {signature.strength}")
            click.echo(f"says        {', '.join(f'{k}={v}' for k, v in signature.says.items()) or 'nothing'}")
            for example in signature.example:
                click.echo(f"matches     {visible(example.value)}   ({visible(example.source)})")
            for counter in signature.counterexample:
                click.echo(f"not         {visible(counter.value)}   ({visible(counter.why)})")
            if signature.limits:
                click.echo(f"limits      {visible(signature.limits, 1000)}")
            for reference in signature.references:
                click.echo(f"source      {visible(reference, 500)}")
            return
    raise ConfigError(f"{vendor_or_id!r} is neither a vendor id nor a signature id; see `netcam signatures list`")


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
    from netcam.datafiles import data_folder
    from netcam.engine.check import check
    from netcam.engine.load import load_signatures
    from netcam.probes import decoders, emitted_kinds

    loaded = load_signatures(folder)
    retired = tomllib.loads((data_folder(folder) / "retired.toml").read_text("utf-8")).get("retired", {})
    problems = check(loaded, emitted_kinds() | set(decoders()), retired)
    for problem in problems:
        say(
            f"{Path(problem.file).name}: {problem.id}: {problem.reason}"
            if problem.id
            else f"{Path(problem.file).name}: {problem.reason}"
        )
    click.echo(
        f"{len(loaded.vendors)} files, {len(loaded.signatures)} signatures: "
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


@lists.command("list")
@_FOLDER
@_OWN
def lists_list(folder: Path | None, own: tuple[Path, ...]) -> None:
    """Every list with its effect, its entries and the age of its last check."""
    from netcam.policy.load import load_lists, stale_lists

    today = date.today()  # noqa: DTZ011 - the age in days as the user's calendar has it
    loaded = load_lists(folder, own)
    for id, policy in sorted(loaded.items()):
        age = (today - policy.list.last_checked).days
        click.echo(
            f"{id:24} {policy.list.effect:15} {len(policy.entry):3} entries  "
            f"checked {policy.list.last_checked} ({age} days ago)  {policy.list.title}"
        )
    for warning in stale_lists(loaded.values(), today):
        say(f"warning: {warning}")


@lists.command("show")
@click.argument("list_id")
@_FOLDER
@_OWN
def lists_show(list_id: str, folder: Path | None, own: tuple[Path, ...]) -> None:
    """One list: what it says, whom it binds, whom it names, and where that stands."""
    from netcam.policy.load import load_lists

    found = load_lists(folder, own)
    if list_id not in found:
        raise ConfigError(f"no list {list_id!r}; there are {', '.join(sorted(found))}")
    policy = found[list_id]
    head = policy.list
    click.echo(
        f"{head.title}\n  {head.jurisdiction}, {head.authority}; effect: {head.effect}; "
        f"in force: {head.in_force or 'not stated'}"
    )
    click.echo(f"  says: {head.says}\n  binds: {head.binds}")
    click.echo(
        f"  covers subsidiaries: {head.covers_subsidiaries}; OEM devices: {head.covers_oem}; "
        f"components: {head.covers_components}"
    )
    if head.limits:
        click.echo(f"  limits: {head.limits}")
    for source in head.citation:
        click.echo(f"  source: {source.title}, {source.section}  {source.url}")
    click.echo(f"  last checked: {head.last_checked}")
    for entry in policy.entry:
        whom = entry.entity or entry.vendor or entry.brand or f"companies of {entry.country}"
        click.echo(
            f"  - {whom}{f', since {entry.added}' if entry.added else ''}"
            f"{'' if entry.verified == 'yes' else f' (verified: {entry.verified})'}"
        )


@lists.command("check")
@_FOLDER
@_OWN
def lists_check(folder: Path | None, own: tuple[Path, ...]) -> None:
    """Hold the lists against the rules; exit code 1 when one is broken. An old last check is a warning."""
    from netcam.engine.load import load_signatures
    from netcam.policy.load import check_lists, load_lists, stale_lists

    try:
        loaded = load_lists(folder, own)
    except SignatureError as error:
        say(f"netcam: {error}")
        raise Exit(FAILED) from error
    problems = check_lists(loaded.values(), load_signatures(folder).vendors)
    for problem in problems:
        say(problem)
    for warning in stale_lists(loaded.values(), date.today()):  # noqa: DTZ011
        say(f"warning: {warning}")
    click.echo(f"{len(loaded)} lists: " + (f"{len(problems)} problems" if problems else "in order"))
    if problems:
        raise Exit(FAILED)
