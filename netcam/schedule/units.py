"""What the schedulers of systems are told: systemd, cron, launchd and the Windows task scheduler. Texts only.

Every word may come from a hostile path or name; each form quotes by its own rules, and refuses what it can't say.
"""

from __future__ import annotations

import ntpath
import plistlib
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from subprocess import list2cmdline
from xml.sax.saxutils import escape

from netcam.config.words import DAYS, spoken
from netcam.errors import ConfigError
from netcam.safetext import visible

from .due import Every, Times

MARK = "Written by netcam schedule; `netcam schedule remove` deletes it."
KINDS = ("systemd", "cron", "launchd", "windows")
SYSTEM_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WINDOWS_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY_S, _HOUR_S, _MINUTE_S = 86400, 3600, 60
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.@\\ -]{0,63}")
_HOMES = ("/home", "/root", "/run/user")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be run, and when.

    Attributes:
        name: of units and files: `netcam`, or `netcam-` and a site's id.
        title: for people; any text.
        command: absolute program and its words.
        state, reports: folders that it writes in.
        config: the settings file.
        user: whom it runs as; None leaves it to the form.
    """

    name: str
    title: str
    command: tuple[str, ...]
    plan: Every | Times
    jitter_s: float
    state: PurePath
    reports: PurePath
    config: PurePath
    user: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file that a scheduler reads: its absolute place, its bytes, and what makes it count once it lies there."""

    place: str
    data: bytes


def files(kind: str, wanted: Wanted) -> tuple[File, ...]:
    """The files of one kind of scheduler.

    Raises:
        ConfigError: something that this scheduler can't be told, naming what to do instead.
    """
    for word in (*wanted.command, str(wanted.state), str(wanted.reports), wanted.user or ""):
        if any(ord(c) < 32 or ord(c) == 127 for c in word):
            raise ConfigError(f"{visible(word)!r}: no scheduler takes a name with control characters")
    if wanted.user is not None and not _USER.fullmatch(wanted.user):
        raise ConfigError(f"--user {visible(wanted.user)!r}: that is no user name")
    make = {"systemd": _systemd, "cron": _cron, "launchd": _launchd, "windows": _windows}[kind]
    return make(wanted)


def places(kind: str, name: str) -> tuple[str, ...]:
    """Where the files of one kind lie."""
    return {
        "systemd": (f"/etc/systemd/system/{name}.service", f"/etc/systemd/system/{name}.timer"),
        "cron": (f"/etc/cron.d/{name}",),
        "launchd": (f"/Library/LaunchDaemons/{_label(name)}.plist",),
        "windows": (f"/ProgramData/netcam/{name}.xml",),
    }[kind]


def activation(kind: str, name: str) -> tuple[tuple[str, ...], ...]:
    """The commands that make the files count."""
    (place, *_) = places(kind, name)
    return {
        "systemd": (("systemctl", "daemon-reload"), ("systemctl", "enable", "--now", f"{name}.timer")),
        "cron": (),  # cron looks by itself
        "launchd": (("launchctl", "bootstrap", "system", place),),
        "windows": (("schtasks", "/Create", "/TN", name, "/XML", ntpath.normpath(f"C:{place}")),),
    }[kind]


def deactivation(kind: str, name: str) -> tuple[tuple[str, ...], ...]:
    """The commands that come before the files go."""
    return {
        "systemd": (("systemctl", "disable", "--now", f"{name}.timer"),),
        "cron": (),
        "launchd": (("launchctl", "bootout", f"system/{_label(name)}"),),
        "windows": (("schtasks", "/Delete", "/F", "/TN", name),),
    }[kind]


def _label(name: str) -> str:
    return f"org.{name.replace('-', '.', 1)}" if "-" in name else f"org.{name}"


# systemd.syntax(7), systemd.service(5) "Command lines", systemd.unit(5) "Specifiers"


def systemd_word(word: str) -> str:
    """One word of a command line in a unit: quoted, with what systemd would expand taken literally."""
    literal = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{literal}"'


def systemd_path(path: PurePath) -> str:
    """One path in a list of paths of a unit; `$` is nothing special there."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'


def systemd_text(text: str) -> str:
    """Free text of a unit, one line."""
    return visible(text, 120).replace("%", "%%").rstrip("\\").strip() or "-"


def calendar(plan: Every | Times) -> str | None:
    """The plan as systemd's calendar lines; None where only a plain interval says it.

    A calendar makes up for what was missed while the machine was off; an interval can't.
    """
    if isinstance(plan, Times):
        on = "" if len(plan.days) == 7 else ",".join(SYSTEM_DAYS[day] for day in plan.days) + " "
        where = f" {plan.zone.key}" if plan.zone is not None else ""
        return "".join(
            f"OnCalendar={on}*-*-* {number // 60:02}:{number % 60:02}:00{where}\n" for number in plan.minutes
        )
    step = round(plan.interval_s)
    if step % _DAY_S == 0 and step == _DAY_S:
        return "OnCalendar=*-*-* 00:00:00\n"
    if step % _HOUR_S == 0 and _DAY_S % step == 0:
        return f"OnCalendar=*-*-* 00/{step // _HOUR_S}:00:00\n"
    if step % _MINUTE_S == 0 and _HOUR_S % step == 0:
        return f"OnCalendar=*-*-* *:00/{step // _MINUTE_S}:00\n"
    return None


def _systemd(wanted: Wanted) -> tuple[File, ...]:
    service, timer = places("systemd", wanted.name)
    when = calendar(wanted.plan)
    if when is None and isinstance(wanted.plan, Every):
        step = spoken(wanted.plan.interval_s)
        when = f"OnBootSec=5min\nOnUnitActiveSec={_systemd_span(step)}\n"
    jitter = f"RandomizedDelaySec={round(wanted.jitter_s)}\n" if wanted.jitter_s else ""
    title = systemd_text(wanted.title)
    return (
        File(
            place=service,
            data=_SERVICE.format(
                mark=MARK, title=title, command=" ".join(_command(wanted)), who=_who(wanted), home=_home(wanted),
                write=_writes(wanted),
            ).encode(),
        ),
        File(place=timer, data=_TIMER.format(mark=MARK, title=title, when=when, jitter=jitter).encode()),
    )  # fmt: skip


def _systemd_span(step: str) -> str:
    return step.replace("m", "min")


def _command(wanted: Wanted) -> list[str]:
    # systemd refuses quotes there, and takes $$ for itself where in the other words it stands for $.
    if found := set(wanted.command[0]) & set("\"'\\$"):
        raise ConfigError(f"{visible(wanted.command[0], 1000)}: systemd runs no program with {min(found)} in its path")
    return [systemd_word(word) for word in wanted.command]


_STATE = PurePath("/var/lib/netcam")


def _within(path: PurePath, folder: PurePath | str) -> bool:
    return path.is_relative_to(folder)


def _who(wanted: Wanted) -> str:
    """Whom the service runs as: a user of its own that owns nothing, where it writes in its state folder only."""
    if wanted.user is not None:
        return f"User={systemd_text(wanted.user)}\n"
    outside = [p for p in (wanted.state, wanted.reports) if not _within(p, _STATE)]
    if outside:
        raise ConfigError(
            f"{visible(str(outside[0]), 1000)}: the service's own user may write in {_STATE} only; put schedule.state "
            "and output.folder there, or say with --user who may write"
        )
    return "DynamicUser=yes\n"


def _home(wanted: Wanted) -> str:
    """How much of people's folders the service sees: nothing, unless the program or its settings lie there."""
    used = (PurePath(wanted.command[0]), wanted.config, wanted.state, wanted.reports)
    return "read-only" if any(_within(path, home) for path in used for home in _HOMES) else "yes"


def _writes(wanted: Wanted) -> str:
    outside = [p for p in (wanted.state, wanted.reports) if not _within(p, _STATE)]
    return "".join(f"ReadWritePaths={systemd_path(path)}\n" for path in dict.fromkeys(outside))


_SERVICE = """\
# {mark}
[Unit]
Description=netcam: scan of {title}
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart={command}
# 3 and 4 are findings, not failures: a device with the --fail-on outcome, a scope that was not covered.
SuccessExitStatus=3 4
# Secrets, such as a database's password, one NAME=value a line; readable for root alone.
EnvironmentFile=-/etc/netcam/netcam.env
{who}StateDirectory=netcam
StateDirectoryMode=0750
{write}UMask=0027
KillMode=mixed
TimeoutStopSec=90

# The one right that finding devices by ARP needs, and no other.
CapabilityBoundingSet=CAP_NET_RAW
AmbientCapabilities=CAP_NET_RAW
NoNewPrivileges=yes

ProtectSystem=strict
ProtectHome={home}
PrivateTmp=yes
PrivateDevices=yes
DevicePolicy=closed
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_PACKET AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
"""

_TIMER = """\
# {mark}
[Unit]
Description=netcam: when {title} is scanned

[Timer]
{when}Persistent=true
{jitter}AccuracySec=1min

[Install]
WantedBy=timers.target
"""

# crontab(5): in a command, % ends the line unless escaped, and cron knows no other zone than the machine's.


def cron_line(wanted: Wanted, user: str | None) -> str:
    """One line of a crontab; with the user for a file of /etc/cron.d, without for somebody's own crontab.

    Raises:
        ConfigError: a plan that five fields can't say.
    """
    plan = wanted.plan
    command = " ".join(shlex.quote(word) for word in wanted.command).replace("%", "\\%")
    who = f"{user} " if user is not None else ""
    return "".join(f"{fields} {who}{command}\n" for fields in _cron_fields(plan))


def _cron_fields(plan: Every | Times) -> list[str]:
    if isinstance(plan, Times):
        if plan.zone is not None:
            raise ConfigError("schedule.timezone: cron goes by the machine's clock; leave it out, or use systemd")
        days = "*" if len(plan.days) == 7 else ",".join(DAYS[day] for day in plan.days)
        return [f"{number % 60} {number // 60} * * {days}" for number in plan.minutes]
    step = round(plan.interval_s)
    if step == _DAY_S:
        return ["0 0 * * *"]
    if step % _HOUR_S == 0 and _DAY_S % step == 0:
        return [f"0 */{step // _HOUR_S} * * *"] if step > _HOUR_S else ["0 * * * *"]
    if step % _MINUTE_S == 0 and _HOUR_S % step == 0:
        return [f"*/{step // _MINUTE_S} * * * *"] if step > _MINUTE_S else ["* * * * *"]
    raise ConfigError(
        f"schedule.every {spoken(step)}: cron can't say that; take a part of a day or an hour (6h, 15m), or systemd"
    )


def _cron(wanted: Wanted) -> tuple[File, ...]:
    user = wanted.user or "root"
    if re.search(r"[^A-Za-z0-9_.-]", user):
        raise ConfigError(f"--user {visible(user)!r}: cron takes a plain user name")
    (place,) = places("cron", wanted.name)
    text = (
        f"# {MARK}\n# netcam: scan of {visible(wanted.title, 120)}\nSHELL=/bin/sh\n"
        f"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n{cron_line(chancy(wanted), user)}"
    )
    return (File(place=place, data=text.encode()),)


def chancy(wanted: Wanted) -> Wanted:
    """The command with its own jitter, for schedulers that have none."""
    from dataclasses import replace

    if not wanted.jitter_s:
        return wanted
    return replace(wanted, command=(*wanted.command, "--jitter", spoken(wanted.jitter_s)))


def _launchd(wanted: Wanted) -> tuple[File, ...]:
    """launchd.plist(5): the program is run without a shell; times are the machine's, missed ones run after waking."""
    plan, (place,) = wanted.plan, places("launchd", wanted.name)
    made: dict[str, object] = {
        "Label": _label(wanted.name),
        "ProgramArguments": list(chancy(wanted).command),
        "ProcessType": "Background",
        "RunAtLoad": False,
        "Umask": 0o027,
    }
    if wanted.user is not None:
        made["UserName"] = wanted.user
    if isinstance(plan, Every):
        made["StartInterval"] = round(plan.interval_s)
    else:
        if plan.zone is not None:
            raise ConfigError("schedule.timezone: launchd goes by the machine's clock; leave it out")
        days: Sequence[dict[str, int]] = [{}] if len(plan.days) == 7 else [{"Weekday": (d + 1) % 7} for d in plan.days]
        made["StartCalendarInterval"] = [
            {**day, "Hour": number // 60, "Minute": number % 60} for day in days for number in plan.minutes
        ]
    head, _, body = plistlib.dumps(made).partition(b"<plist")
    return (File(place=place, data=head + f"<!-- {MARK} -->\n<plist".encode() + body),)


def _windows(wanted: Wanted) -> tuple[File, ...]:
    """The task scheduler's XML, schema 1.2: UTF-16, since that is what schtasks reads."""
    plan, (place,) = wanted.plan, places("windows", wanted.name)
    program, *words = chancy(wanted).command
    text = _TASK.format(
        mark=escape(MARK), title=escape(visible(wanted.title, 120)), triggers=_triggers(plan),
        user=escape(wanted.user or "NT AUTHORITY\\NETWORK SERVICE"), program=escape(program),
        words=escape(list2cmdline(words)),
    )  # fmt: skip
    return (File(place=place, data=b"\xff\xfe" + text.replace("\n", "\r\n").encode("utf-16-le")),)


def _triggers(plan: Every | Times) -> str:
    if isinstance(plan, Times) and plan.zone is not None:
        raise ConfigError("schedule.timezone: a Windows task goes by the machine's clock; leave it out")
    if isinstance(plan, Every):
        step = f"PT{round(plan.interval_s) // _MINUTE_S}M"
        if plan.interval_s % _MINUTE_S or plan.interval_s > 31 * _DAY_S:
            raise ConfigError("schedule.every: a Windows task repeats in whole minutes, of 31 days at most")
        return (
            "    <TimeTrigger>\n      <StartBoundary>2026-01-01T00:00:00</StartBoundary>\n"
            f"      <Repetition><Interval>{step}</Interval></Repetition>\n    </TimeTrigger>\n"
        )
    days = "".join(f"<{_WINDOWS_DAYS[day]} />" for day in plan.days)
    return "".join(
        "    <CalendarTrigger>\n"
        f"      <StartBoundary>2026-01-01T{number // 60:02}:{number % 60:02}:00</StartBoundary>\n"
        f"      <ScheduleByWeek><DaysOfWeek>{days}</DaysOfWeek><WeeksInterval>1</WeeksInterval></ScheduleByWeek>\n"
        "    </CalendarTrigger>\n"
        for number in plan.minutes
    )


_TASK = """\
<?xml version="1.0" encoding="UTF-16"?>
<!-- {mark} -->
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>netcam: scan of {title}</Description>
  </RegistrationInfo>
  <Triggers>
{triggers}  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{user}</UserId>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>true</RunOnlyIfNetworkAvailable>
    <ExecutionTimeLimit>P1D</ExecutionTimeLimit>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{program}</Command>
      <Arguments>{words}</Arguments>
    </Exec>
  </Actions>
</Task>
"""
