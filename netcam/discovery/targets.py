"""The operator's words for addresses -> the scope."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from netcam.errors import ConfigError, ScopeError
from netcam.model import AddressRange, Scope, is_home
from netcam.model.scope import merged, subtracted

Resolve = Callable[[str], Sequence[str]]
IPV6_PREFIX = 112  # 65,536 addresses; a larger IPv6 network can't be walked, only asked by discovery
ADDRESS_LIMIT = 1 << 20
_DEPTH = 3  # @file inside @file
_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?")


def resolve(name: str) -> Sequence[str]:
    """The addresses of a host name, by the system's resolver; IPv4 ones where there are any.

    Raises:
        ConfigError: nobody knows the name.
    """
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"{name!r} is neither an address, a network, a range nor a known host name") from error
    v4 = [str(sockaddr[0]) for family, *_, sockaddr in found if family == socket.AF_INET]
    return list(dict.fromkeys(v4 or [str(sockaddr[0]) for *_, sockaddr in found]))


def scope_of(
    targets: Sequence[str],
    excluded: Sequence[str] = (),
    *,
    allow_public: bool = False,
    stdin: Iterable[str] = (),
    resolve: Resolve = resolve,
    also_excluded: Callable[[Sequence[AddressRange]], Sequence[str]] = lambda asked: (),
) -> Scope:
    """The scope that the words come to.

    A word is an address, CIDR, dash range (`10.0.0.10-60`, `10.0.0.10-10.0.1.20`), host name, `@file` or `-`.

    Args:
        also_excluded: more words to exclude, chosen by the addresses that the targets come to.
    Raises:
        ConfigError: a word that is none of these, an empty scope or one of over a million addresses.
        ScopeError: a public address without `allow_public`.
    """
    asked = [(word, r) for word in targets for r in _ranges(word, stdin, resolve, 0)]
    ranges = [r for _, r in asked]
    excluded = tuple(dict.fromkeys((*excluded, *also_excluded(merged(ranges)))))
    forbidden = merged(r for word in excluded for r in _ranges(word, stdin, resolve, 0, walked=False))
    if not allow_public:
        for word, part in asked:
            if not is_home(part):
                first = _text(part.version, part.first)
                raise ScopeError(
                    f"{word!r}: {first}{'' if part.size == 1 else ' and what follows'} is outside private, loopback, "
                    "link-local and documentation ranges; --allow-public lifts this where you may scan it"
                )
    left = subtracted(ranges, forbidden)
    scope = Scope(
        targets=tuple(targets), excluded=tuple(excluded), ranges=left, forbidden=forbidden, asked=merged(ranges)
    )
    if not left:
        raise ConfigError("nothing is left to scan: every target is excluded" if ranges else "no target given")
    if scope.addresses > ADDRESS_LIMIT:
        raise ConfigError(f"{scope.addresses} addresses are too many for one scan; the limit is {ADDRESS_LIMIT}")
    return scope


def _unmapped(part: AddressRange) -> AddressRange:
    """IPv4 addresses in IPv6 dress (::ffff:10.0.0.1) as what they are, so that an exclusion knows them."""
    if part.version == 6 and part.first >> 32 == part.last >> 32 == 0xFFFF:
        return AddressRange(4, part.first & 0xFFFFFFFF, part.last & 0xFFFFFFFF)
    return part


def _text(version: int, number: int) -> str:
    return str(ipaddress.IPv4Address(number) if version == 4 else ipaddress.IPv6Address(number))


def _ranges(
    word: str, stdin: Iterable[str], resolve: Resolve, depth: int, *, walked: bool = True
) -> Iterator[AddressRange]:
    """The addresses of a word; those of a target are `walked` one by one, those of an exclusion are not."""
    word = word.strip()
    if word == "-":
        yield from _lines(stdin, stdin, resolve, depth, walked=walked)
        return
    if word.startswith("@"):
        if depth >= _DEPTH:
            raise ConfigError(f"{word}: files inside files more than {_DEPTH} deep")
        try:
            lines = Path(word[1:]).read_text("utf-8-sig").splitlines()  # other systems begin text files with a mark
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            raise ConfigError(f"{word!r}: the target file can't be read: {reason}") from error
        try:
            yield from _lines(lines, stdin, resolve, depth + 1, walked=walked)
        except ConfigError as error:
            raise ConfigError(f"{word[1:]}: {error}") from error
        return
    if (found := _numbers(word, walked)) is not None:
        yield _unmapped(found)
        return
    if not _NAME.fullmatch(word) or re.fullmatch(r"[\d.]+", word):
        raise ConfigError(f"{word!r} is neither an address, a network, a range nor a host name")
    for text in resolve(word):
        ip = ipaddress.ip_address(text.partition("%")[0])
        yield _unmapped(AddressRange(ip.version, int(ip), int(ip)))


def _lines(
    lines: Iterable[str], stdin: Iterable[str], resolve: Resolve, depth: int, *, walked: bool
) -> Iterator[AddressRange]:
    for line in lines:
        for word in re.split(r"[\s,]+", line.partition("#")[0].strip()):
            if word and word != "-":
                yield from _ranges(word, stdin, resolve, depth, walked=walked)


def _numbers(word: str, walked: bool) -> AddressRange | None:
    """The range that an address, CIDR or dash range stands for; None when the word is none of them."""
    try:
        network = ipaddress.ip_network(word, strict=False)
    except ValueError:
        pass
    else:
        if walked and network.version == 6 and network.prefixlen < IPV6_PREFIX:
            raise ConfigError(f"{word}: an IPv6 network of more than /{IPV6_PREFIX} can't be walked address by address")
        return AddressRange.of(network)
    first, dash, last = word.partition("-")
    if not dash:
        return None
    try:
        low = ipaddress.ip_address(first)
    except ValueError:
        return None
    if low.version == 4 and last.isdigit():
        last = f"{first.rpartition('.')[0]}.{last}"
    try:
        high = ipaddress.ip_address(last)
    except ValueError:
        raise ConfigError(f"{word!r}: {last!r} is no address for the range to end at") from None
    if high.version != low.version or int(high) < int(low):
        raise ConfigError(f"{word!r}: the range ends before it begins")
    return AddressRange(low.version, int(low), int(high))
