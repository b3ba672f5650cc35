"""`netcam export`: reports into other systems."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from netcam.cli.common import check_writable
from netcam.cli.errors import FAILED, Exit, put, say
from netcam.errors import ConfigError
from netcam.exports import destination_names, find
from netcam.safetext import visible

if TYPE_CHECKING:
    from netcam.exports.base import Destination, Export, FileForm, Settings
    from netcam.exports.run import Result
    from netcam.model.report import Report

LIST_WORD = "destinations"  # in place of a report: say where to
STANDARD_INPUT_LIMIT = 1 << 30  # bytes of a report


@click.command("export")
@click.argument("reports", nargs=-1, metavar=f"REPORT...|{LIST_WORD}")
@click.option("--to", "to", metavar="NAME", help=f"Where to: {', '.join(destination_names())}.")
@click.option("--url", metavar="URL", help="Where the destination is.")
@click.option("--url-env", metavar="NAME", help="The environment variable that holds the URL.")
@click.option(
    "--url-file", metavar="PATH", type=click.Path(path_type=Path, dir_okay=False), help="The file that holds the URL."
)
@click.option("--token-env", metavar="NAME", help="The environment variable that holds the token or secret.")
@click.option(
    "--token-file", metavar="PATH", type=click.Path(path_type=Path, dir_okay=False),
    help="The file that holds the token or secret.",
)
@click.option(
    "--ca-file", metavar="PATH", type=click.Path(dir_okay=False, exists=True),
    help="Certificates of the authorities that vouch for the destination, instead of the system's.",
)
@click.option(
    "-O", "--option", "options", multiple=True, metavar="KEY=VALUE",
    help="A setting of the destination (--help-options); repeatable.",
)
@click.option("-o", "--output", metavar="PATH|-", help="The file to write, for destinations that are files.")
@click.option("--dry-run", is_flag=True, help="Say what would be created or updated; write nothing.")
@click.option(
    "--state", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
    help="The journal of what was delivered; by default one for each destination in the user's state folder.",
)
@click.option("--tries", type=click.IntRange(1, 100), default=5, show_default=True, help="How often one item is tried.")
@click.option(
    "--timeout", type=click.FloatRange(0.1, 600), default=30.0, show_default=True, metavar="SECONDS",
    help="How long one request may take.",
)
@click.option(
    "--deadline", type=click.FloatRange(1), default=3600.0, show_default=True, metavar="SECONDS",
    help="The whole export ends by then; what is left is delivered by the next one.",
)
@click.option(
    "--format", "form", type=click.Choice(["table", "jsonl"]), default="table", help="How the results are printed."
)
@click.option("--listen", metavar="ADDRESS:PORT", help="Serve /metrics until stopped (prometheus).")
@click.option("--allow-remote", is_flag=True, help="With --listen, an address that other machines can reach.")
@click.option("--help-options", is_flag=True, help="What the destination named by --to takes.")
@click.option("--verbose", is_flag=True, help="Print unchanged items too.")
@click.option("--quiet", is_flag=True, help="Print no items, only what failed and the count.")
def export(
    reports: tuple[str, ...], to: str | None, url: str | None, url_env: str | None, url_file: Path | None,
    token_env: str | None, token_file: Path | None, ca_file: str | None, options: tuple[str, ...], output: str | None,
    dry_run: bool, state: Path | None, tries: int, timeout: float, deadline: float, form: str, listen: str | None,
    allow_remote: bool, help_options: bool, verbose: bool, quiet: bool,
) -> None:
    """Carry reports into inventories, monitoring, logs, mail and chat (docs/inventory/README.md).

    An export that is run twice leaves what one run leaves. One that broke off goes on where it stopped. Exit code 1
    says that something was not delivered.

    \b
    Examples:
      netcam export destinations
      netcam export report.json --to prometheus -o netcam.prom
      netcam export report.json --to webhook --url https://siem.example/hook --token-env HOOK_SECRET --dry-run
      netcam export report.json --to syslog --url tls://logs.example:6514 --ca-file ca.pem
    """
    if to is None and (help_options or reports == (LIST_WORD,)):
        put("".join(_about(find(name)) for name in destination_names()))
        return
    if to is None:
        raise ConfigError(f"--to: name a destination, one of {', '.join(destination_names())}")
    chosen = find(to)
    if help_options:
        put(_about(chosen))
        return
    if not reports:
        raise ConfigError("name at least one report")
    from netcam.exports.secret import read_secret

    given = {"url": url or "", "token": read_secret("token", token_env, token_file, say)}
    hidden_url = read_secret("url", url_env, url_file, say)
    if hidden_url and given["url"]:
        raise ConfigError("--url, --url-env and --url-file: give one of them")
    given["url"] = given["url"] or hidden_url
    settings = _settings(chosen, given, ca_file, options, timeout)
    if listen is not None:
        if to != "prometheus" or dry_run or output is not None:
            raise ConfigError("--listen: for --to prometheus alone, without --dry-run and -o")
        _serve(reports, listen, allow_remote)
        return
    made = chosen.make(settings)
    if hasattr(made, "dump"):
        _file(cast("FileForm", made), reports, output, dry_run)
        return
    try:
        if output is not None:
            raise ConfigError(f"-o: {to} is no file")
        loaded = _loaded(reports)
        _deliver(
            made, settings, loaded, state,
            tries=tries, deadline_s=deadline, dry_run=dry_run, form=form, verbose=verbose, quiet=quiet,
        )  # fmt: skip
    finally:
        made.close()


def _settings(
    chosen: Export, given: dict[str, str], ca_file: str | None, options: tuple[str, ...], timeout_s: float
) -> Settings:
    """What was said, held against what the destination takes.

    Raises:
        ConfigError: something it needs is missing, or something it doesn't know was given.
    """
    from netcam.exports.base import Settings

    for what, hint in (("url", f"--url {chosen.url}"), ("token", "--token-env NAME or --token-file PATH")):
        if what in chosen.needs and not given[what]:
            about = f" ({chosen.secret})" if what == "token" else ""
            raise ConfigError(f"{chosen.name}: {hint} is needed{about}")
        if given[what] and what not in chosen.needs | chosen.takes:
            raise ConfigError(f"{chosen.name} takes no {hint.split()[0].removesuffix('-env')}")
    if ca_file is not None and "ca" not in chosen.needs | chosen.takes:
        raise ConfigError(f"{chosen.name} takes no --ca-file")
    known = {option.name: option for option in chosen.options}
    found: dict[str, tuple[str, ...]] = {}
    for said in options:
        key, equals, value = said.partition("=")
        if key not in known or not equals:
            names = ", ".join(known) or "none"
            raise ConfigError(f"-O {visible(key)}: expected KEY=VALUE; the keys of {chosen.name}: {names}")
        if key in found and not known[key].many:
            raise ConfigError(f"-O {key}: given twice")
        found[key] = (*found.get(key, ()), value)
    for option in chosen.options:
        if option.default is not None:
            found.setdefault(option.name, (option.default,))
    if given["url"].startswith("http://"):
        say("netcam: the URL is http, so nothing is encrypted on its way")
    return Settings(
        url=given["url"], token=given["token"], ca_file=ca_file, timeout_s=timeout_s, options=found
    )


def _loaded(paths: Sequence[str]) -> list[Report]:
    from netcam.report.to_json import load, loads

    try:
        return [
            loads(sys.stdin.buffer.read(STANDARD_INPUT_LIMIT), "standard input") if path == "-" else load(path)
            for path in paths
        ]
    except ConfigError as error:
        say(f"netcam: {error}")
        raise Exit(FAILED) from error


def _file(form: FileForm, paths: Sequence[str], output: str | None, dry_run: bool) -> None:
    from netcam.report.write import write_atomically

    if output is None:
        raise ConfigError(f"{form.name} is a file: -o PATH (usually *{form.suffix}), or -o - for standard output")
    if output != "-":
        check_writable("-o", output)
    data = form.dump(_loaded(paths))
    if output == "-":
        if not dry_run:
            put(data)
        return
    try:
        earlier = Path(output).read_bytes() if Path(output).is_file() else None
    except OSError:
        earlier = b""
    done = "created" if earlier is None else "unchanged" if earlier == data else "updated"
    if not dry_run and done != "unchanged":
        write_atomically(output, data)
    say(f"{'would be ' if dry_run else ''}{done}: {output}")


def _deliver(
    made: Destination,
    settings: Settings,
    reports: Sequence[Report],
    state: Path | None,
    *,
    tries: int,
    deadline_s: float,
    dry_run: bool,
    form: str,
    verbose: bool,
    quiet: bool,
) -> None:
    """Deliver and print what became of each item; exit code 1 where something was not delivered."""
    from netcam.exports.base import Done
    from netcam.exports.journal import Journal, default_path
    from netcam.exports.run import Policy, Runner, run_id

    policy = Policy(tries=tries, total_s=deadline_s)
    # Of a URL and a secret only a digest goes into the journal: the first may hold a key, the second is one.
    to = _place(made.name, settings)
    once = bool(getattr(made, "once", False))
    journal = Journal(
        state or default_path(made.name, to), to, run="" if once else run_id(reports), read_only=dry_run
    )

    def told(result: Result) -> None:
        if result.done is None:
            say(f"not delivered: {visible(result.item.key)}: {result.reason}")
        if form == "jsonl":
            done = result.done.value if result.done else None
            line = {"key": result.item.key, "kind": result.item.kind, "done": done, "reason": result.reason or None}
            if verbose or result.done is not Done.UNCHANGED:
                put(json.dumps(line) + "\n")
        elif not quiet and result.done is not None and (verbose or result.done is not Done.UNCHANGED):
            put(f"{result.done.value:<9} {visible(result.item.key)}\n")

    with journal:
        if journal.odd:
            say(f"{journal.path}: {journal.odd} lines can't be read and count as not delivered")
        summary = Runner(destination=made, journal=journal, policy=policy, told=told).run(reports, dry_run=dry_run)
    counted = [f"{summary.counts.get(done, 0)} {done.value}" for done in Done]
    if summary.failed:
        counted.append(f"{len(summary.failed)} {'unclear' if dry_run else 'not delivered'}")
    if summary.left:
        counted.append(f"{summary.left} left for the next run")
    say(f"{made.name}{' (dry run)' if dry_run else ''}: {', '.join(counted)}")
    if not summary.whole:
        raise Exit(FAILED)


def _place(name: str, settings: Settings) -> str:
    """Names a destination in the journal without saying where it is."""
    from hashlib import sha256

    where = settings.url or settings.token
    return f"{name}:{sha256(where.encode('utf-8', 'replace')).hexdigest()[:16]}"


def _serve(paths: Sequence[str], listen: str, allow_remote: bool) -> None:
    from netcam.exports.serving import Metrics, MetricsServer
    from netcam.report.to_json import load

    host, port = _address(listen, allow_remote)
    metrics = Metrics(paths, load)
    metrics.read()
    for path in metrics.unread:
        say(f"netcam: {visible(path)}: can't be read yet; it is looked at again when it changes")
    try:
        server = MetricsServer(host, port, metrics)
    except OSError as error:
        raise ConfigError(f"--listen {listen}: {error.strerror}") from error
    with server:
        shown = f"[{host}]" if ":" in host else host
        say(f"serving http://{shown}:{server.server_address[1]}/metrics until interrupted")
        server.serve_forever(poll_interval=0.2)


def _address(listen: str, allow_remote: bool) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    host = {"": "127.0.0.1", "localhost": "127.0.0.1"}.get(host, host.strip("[]"))
    try:
        address = ip_address(host)
        number = int(port) if port.isascii() and port.isdigit() else -1
    except ValueError:
        number = -1
    if not colon or not 0 <= number < 65536:
        raise ConfigError(f"--listen {visible(listen)}: expected ADDRESS:PORT, such as 127.0.0.1:9800")
    if not address.is_loopback and not allow_remote:
        raise ConfigError(f"--listen {visible(listen)}: other machines could read it; --allow-remote lets them")
    return str(address), number


def _about(chosen: Export) -> str:
    """A destination and its options, for people."""
    lines = [f"{chosen.name}: {chosen.title}"]
    both = chosen.needs | chosen.takes
    if "url" in both:
        lines.append(f"  --url {chosen.url}{'' if 'url' in chosen.needs else ' (if wanted)'}")
    if "token" in both:
        wanted = "" if "token" in chosen.needs else " (if wanted)"
        lines.append(f"  --token-env or --token-file: {chosen.secret}{wanted}")
    if "ca" in both:
        lines.append("  --ca-file: the authorities that vouch for it")
    for option in chosen.options:
        default = f" [default: {option.default}]" if option.default else ""
        lines.append(f"  -O {option.name}=...  {option.help}{default}")
    return "\n".join(lines) + "\n"
